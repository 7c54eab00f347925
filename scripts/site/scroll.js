/* What scrolls within itself can be scrolled by keyboard. */

"use strict";

addEventListener("load", () => {
  for (const box of document.querySelectorAll("article pre, article table, article .output, article mjx-container"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
});
