/* Quizzes that mark themselves on the page: each statement gets two buttons, and its answer, which the page
   holds folded below, is shown once it is judged. Without JavaScript the folded answers remain. */

"use strict";

function button(text, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.setAttribute("aria-pressed", "false");
  return made;
}

function enliven(statements, answers, score) {
  const marks = new Map();
  [...statements.children].forEach((statement, i) => {
    const answer = answers.children[i];
    const isTrue = answer.textContent.trim().startsWith("True.");
    const feedback = document.createElement("div");
    feedback.setAttribute("role", "status");
    const buttons = [true, false].map((says) => {
      const made = button(says, `Statement ${i + 1} is ${says}`);
      made.addEventListener("click", () => {
        const right = says === isTrue;
        marks.set(i, right);
        buttons.forEach((b) => b.setAttribute("aria-pressed", String(b === made)));
        feedback.className = right ? "right" : "wrong";
        feedback.innerHTML = (right ? "✓ " : "✗ ") + answer.innerHTML;
        const count = [...marks.values()].filter(Boolean).length;
        score.textContent = `${count} of ${statements.children.length} right`;
      });
      return made;
    });
    const row = document.createElement("div");
    row.append(...buttons);
    statement.append(row, feedback);
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const folded of document.querySelectorAll(".cell_output details")) {
    const statements = folded.parentElement.querySelector(":scope > ol");
    if (folded.querySelector("summary").textContent !== "Answers" || !statements) continue;
    const score = document.createElement("p");
    score.setAttribute("role", "status");
    folded.before(score);
    folded.parentElement.classList.add("quiz");
    enliven(statements, folded.querySelector("ol"), score);
  }
});
