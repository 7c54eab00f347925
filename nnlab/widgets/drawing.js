// The pad: strokes go to Python, its answer comes back. Plain DOM and SVG, sharp and in the page's own colors.
const SVG = "http://www.w3.org/2000/svg";
const STEP = 1 / 16; // of the pad, for an arrow key
const NEAR = 0.012; // points nearer to the last one than this are left out
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "polyline", "circle", "rect"].includes(tag);
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function render({ model, el }) {
  let strokes = []; // as they are drawn here; the model's follow
  let drawing = false;
  let waiting = false;
  let pen = [0.5, 0.2]; // where an arrow key begins

  const lines = make("svg", { viewBox: "0 0 1 1", "aria-hidden": "true" });
  const surface = make("div", {
    class: "nnlab-pad-surface",
    tabindex: "0",
    role: "application",
    "aria-label":
      "Drawing pad. Arrow keys draw, Shift with an arrow key moves the pen, Delete clears, Backspace undoes.",
    "data-lm-suppress-shortcuts": "true", // JupyterLab's own keys rest while the pad has the focus
  }, lines);
  const clear = make("button", { type: "button" }, "Clear");
  const undo = make("button", { type: "button" }, "Undo");
  const seen = make("svg", { role: "img", class: "nnlab-pad-seen" });
  const caption = make("figcaption");
  const bars = make("ol", { "aria-label": "What the network says" });
  el.append(
    make("div", { class: "nnlab-pad" },
      make("div", {}, surface, make("div", { class: "nnlab-pad-buttons" }, clear, undo)),
      make("figure", {}, seen, caption),
      bars));

  function show() {
    lines.replaceChildren(
      ...strokes.map((stroke) =>
        make("polyline", {
          class: "nnlab-pad-stroke",
          // A point alone is drawn as a line of no length, whose round ends are seen.
          points: (stroke.length > 1 ? stroke : [stroke[0], stroke[0]]).map((p) => p.join(",")).join(" "),
        })),
      make("circle", { class: "nnlab-pad-pen", cx: pen[0], cy: pen[1], r: 0.025 }));
  }

  function send() {
    show();
    if (waiting) return; // at most once for each picture of the screen
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      model.set("strokes", strokes.map((stroke) => stroke.slice()));
      model.save_changes();
    });
  }

  function within(value) {
    return Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000;
  }

  function place(event) {
    const box = surface.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  function add(point) {
    const stroke = strokes[strokes.length - 1];
    const last = stroke[stroke.length - 1];
    pen = point;
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) stroke.push(point);
  }

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    drawing = true;
    pen = place(event);
    strokes.push([pen]);
    send();
  });
  surface.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const part of all.length ? all : [event]) add(place(part));
    send();
  });
  for (const end of ["pointerup", "pointercancel"])
    surface.addEventListener(end, () => {
      drawing = false;
    });

  surface.addEventListener("keydown", (event) => {
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      const from = pen;
      const to = [within(from[0] + dx * STEP), within(from[1] + dy * STEP)];
      const stroke = strokes[strokes.length - 1];
      const goesOn = stroke && stroke[stroke.length - 1].join() === from.join();
      if (!event.shiftKey && !goesOn) strokes.push([from]);
      if (!event.shiftKey) add(to);
      pen = to;
      send();
    } else if (event.key === "Delete") empty();
    else if (event.key === "Backspace") back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function empty() {
    strokes = [];
    send();
  }

  function back() {
    strokes.pop();
    send();
  }
  clear.addEventListener("click", empty);
  undo.addEventListener("click", back);

  function take() {
    if (drawing) return; // an echo of what is being drawn
    strokes = model.get("strokes").map((stroke) => stroke.map((point) => point.slice()));
    show();
  }

  function answer() {
    const { image, probabilities, labels } = model.get("answer");
    if (!image) return;
    const height = image.length;
    const width = image[0].length;
    if (seen.childElementCount !== height * width) {
      seen.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const squares = [];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) squares.push(make("rect", { x, y, width: 1, height: 1 }));
      seen.replaceChildren(...squares);
      seen.setAttribute("aria-label", `The drawing as ${height} by ${width} pixels`);
      caption.textContent = `what the network sees: ${height} × ${width}`;
    }
    image.flat().forEach((value, i) => seen.children[i].setAttribute("fill-opacity", value));
    if (bars.childElementCount !== labels.length)
      bars.replaceChildren(...labels.map((label) =>
        make("li", {},
          make("span", {}, label),
          make("span", { class: "nnlab-pad-track", "aria-hidden": "true" }, make("span")),
          make("span"))));
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    labels.forEach((label, i) => {
      const [name, track, percent] = bars.children[i].children;
      const share = probabilities ? probabilities[i] : 0;
      name.textContent = label;
      track.firstChild.style.width = `${100 * share}%`;
      percent.textContent = probabilities ? `${Math.round(100 * share)}%` : "";
      bars.children[i].classList.toggle("nnlab-pad-best", i === best);
    });
  }

  model.on("change:strokes", take);
  model.on("change:answer", answer);
  take();
  answer();
  return () => {
    model.off("change:strokes", take);
    model.off("change:answer", answer);
  };
}

export default { render };
