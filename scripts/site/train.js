/* A network that learns in the page: its units as small pictures of what they see, its weights as lines. */

"use strict";

const INPUTS = {
  "x₁": (x) => x[0],
  "x₂": (x) => x[1],
  "x₁²": (x) => x[0] ** 2,
  "x₂²": (x) => x[1] ** 2,
  "x₁x₂": (x) => x[0] * x[1],
  "sin 3x₁": (x) => Math.sin(3 * x[0]),
  "sin 3x₂": (x) => Math.sin(3 * x[1]),
};
const CHOICES = {
  data: ["circles", "moons", "xor", "spirals"],
  hidden: ["none", "1", "2", "3", "4", "8", "4-2", "4-4", "8-8", "8-8-8"],
  activation: ["tanh", "ReLU"],
  rate: ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3"],
  batch: ["1", "10", "all"],
  l2: ["0", "0.001", "0.003", "0.01", "0.03"],
};
const WORDS = {
  data: "points", hidden: "hidden units", activation: "activation", rate: "learning rate",
  batch: "batch size", l2: "L2 penalty λ",
};
const START = { data: "circles", hidden: "3", activation: "tanh", rate: "0.1", batch: "10", l2: "0", seed: 1 };
const GRID = 36, SPAN = 1.3; // the plane is shown from −1.3 to 1.3
const BLUE = [0, 114, 178], ORANGE = [230, 159, 0];
const NEVER = 1e6; // a loss beyond which a run counts as diverged

function tag(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

class Playground {
  constructor(place, points) {
    this.points = points;
    this.settings = { ...START, inputs: ["x₁", "x₂"], ...this.fromAddress() };
    this.playing = false;
    this.looked = null; // [layer, unit] that the large picture shows, or null for the whole network
    place.append(this.controls(), this.stage());
    this.restart();
    new ResizeObserver(() => this.edges()).observe(this.columns);
  }

  /* ------------------------------------------------------------------------------------ controls */

  controls() {
    const form = tag("form", { class: "controls" });
    for (const [name, options] of Object.entries(CHOICES)) {
      const select = tag("select", { name }, ...options.map((option) => tag("option", {}, option)));
      select.value = String(this.settings[name]);
      select.addEventListener("change", () => this.change({ [name]: select.value }));
      form.append(tag("label", {}, WORDS[name], select));
    }
    const inputs = tag("fieldset", {}, tag("legend", {}, "inputs"));
    for (const name of Object.keys(INPUTS)) {
      const box = tag("input", { type: "checkbox", value: name });
      box.checked = this.settings.inputs.includes(name);
      box.addEventListener("change", () => {
        const chosen = [...inputs.querySelectorAll("input")].filter((b) => b.checked).map((b) => b.value);
        if (chosen.length) this.change({ inputs: chosen });
        else box.checked = true; // a network needs an input
      });
      inputs.append(tag("label", {}, box, name));
    }
    form.append(inputs);
    const buttons = { Play: () => this.toggle(), Step: () => this.advance(), Restart: () => this.restart(),
      "Other weights": () => this.change({ seed: Number(this.settings.seed) + 1 }) };
    const row = tag("div");
    for (const [text, call] of Object.entries(buttons)) {
      const button = tag("button", { type: "button" }, text);
      button.addEventListener("click", call);
      row.append(button);
      if (text === "Play") this.play = button;
    }
    form.append(row);
    return form;
  }

  change(settings) {
    Object.assign(this.settings, settings);
    const words = new URLSearchParams({ ...this.settings, inputs: this.settings.inputs.join(",") });
    history.replaceState(null, "", `#${words}`);
    this.restart();
  }

  fromAddress() {
    const found = {};
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (CHOICES[name]?.includes(value)) found[name] = value;
      if (name === "seed" && /^\d{1,6}$/.test(value)) found.seed = Number(value);
      if (name === "inputs") {
        const known = value.split(",").filter((input) => input in INPUTS);
        if (known.length) found.inputs = known;
      }
    }
    return found;
  }

  /* ------------------------------------------------------------------------------------ training */

  restart() {
    const { data, hidden, activation, seed, inputs } = this.settings;
    const random = normals(seed);
    const { train, test } = this.points[data];
    this.own = this.own?.data === data ? this.own : { data, X: [], y: [] };
    this.train = { at: [...train.X, ...this.own.X], y: [...train.y, ...this.own.y] };
    this.test = { at: test.X, y: test.y };
    for (const part of [this.train, this.test]) part.X = part.at.map((x) => this.seen(x));
    const sizes = [inputs.length, ...(hidden === "none" ? [] : hidden.split("-").map(Number)), 2];
    this.network = Network.random(sizes, activation, random);
    this.uniform = random.uniform;
    this.epoch = 0;
    this.losses = [];
    this.diverged = false;
    this.looked = null;
    this.layout(sizes);
    this.show();
  }

  seen(x) {
    return this.settings.inputs.map((name) => INPUTS[name](x));
  }

  advance() {
    if (this.diverged) return;
    const { rate, batch, l2 } = this.settings, { X, y } = this.train;
    const order = X.map((_, i) => i);
    for (let i = order.length - 1; i > 0; i--) { // shuffled again for each epoch
      const j = Math.floor(this.uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    const size = batch === "all" ? X.length : Number(batch);
    for (let start = 0; start < X.length; start += size) {
      const rows = order.slice(start, start + size);
      this.network.step(rows.map((i) => X[i]), rows.map((i) => y[i]), Number(rate), Number(l2));
    }
    this.epoch += 1;
    this.show();
  }

  toggle() {
    this.playing = !this.playing;
    this.play.textContent = this.playing ? "Pause" : "Play";
    const next = () => {
      if (!this.playing) return;
      this.advance();
      if (this.diverged) this.toggle();
      else requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  /* ------------------------------------------------------------------------------------ pictures */

  stage() {
    this.lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.lines.setAttribute("aria-hidden", "true");
    this.columns = tag("div", { class: "columns" });
    this.plane = tag("canvas", { width: 300, height: 300, role: "img" });
    this.plane.addEventListener("click", (event) => this.add(event));
    this.what = tag("figcaption");
    this.curve = tag("canvas", { width: 300, height: 110, role: "img" });
    this.status = tag("p", { role: "status" });
    const large = tag("figure", {}, this.plane, this.what, this.curve);
    const stage = tag("div", { class: "stage" }, tag("div", { class: "net" }, this.lines, this.columns), large);
    return tag("div", {}, this.status, stage);
  }

  layout(sizes) {
    this.units = sizes.map((n, layer) => Array.from({ length: n }, (_, unit) => {
      const names = layer === 0 ? this.settings.inputs : layer === sizes.length - 1 ? ["class 0", "class 1"] : null;
      const name = names ? names[unit] : `layer ${layer}, unit ${unit + 1}`;
      const picture = tag("canvas", { width: GRID, height: GRID });
      const button = tag("button", { type: "button", class: "unit", "aria-label": `Look at ${name}` }, picture);
      if (names) button.append(names[unit]);
      const look = (at) => () => { this.looked = at; this.show(); };
      for (const event of ["mouseenter", "focus"]) button.addEventListener(event, look([layer, unit]));
      for (const event of ["mouseleave", "blur"]) button.addEventListener(event, look(null));
      return { button, picture, name };
    }));
    this.columns.replaceChildren(...this.units.map((layer) => tag("div", {}, ...layer.map((u) => u.button))));
  }

  show() {
    const loss = { train: this.network.loss(this.train.X, this.train.y), test: this.network.loss(this.test.X, this.test.y) };
    this.diverged = !(loss.train < NEVER);
    this.losses.push(loss);
    const fields = this.fields();
    this.units.forEach((layer, k) => layer.forEach(({ picture }, j) => paint(picture, fields[k][j])));
    const [layer, unit] = this.looked ?? [fields.length, 0];
    paint(this.plane, layer < fields.length ? fields[layer][unit] : this.says(fields));
    this.dots();
    this.draw_losses();
    this.edges();
    const right = Math.round(100 * this.network.accuracy(this.test.X, this.test.y));
    const told = this.diverged
      ? `Epoch ${this.epoch}: the loss has run away. Take a smaller learning rate.`
      : `Epoch ${this.epoch}: loss ${loss.train.toFixed(3)} in training, ${loss.test.toFixed(3)} on test points; ${right} % of these are right.`;
    if (!this.playing || this.epoch % 20 === 0 || this.diverged) this.status.textContent = told;
    this.what.textContent = this.looked ? `what ${this.units[layer][unit].name} gives` : "what the network says";
    this.plane.setAttribute("aria-label", `The plane: ${this.what.textContent}. ${told} A click adds a point, with Shift one of class 1.`);
  }

  /* Return, for each layer and unit, its output at every place of the grid, row by row. */
  fields() {
    const fields = this.units.map((layer) => layer.map(() => new Float32Array(GRID * GRID)));
    for (let place = 0; place < GRID * GRID; place++) {
      const x = [(2 * ((place % GRID) + 0.5)) / GRID - 1, 1 - (2 * (Math.floor(place / GRID) + 0.5)) / GRID];
      this.network.outputs(this.seen(x.map((t) => SPAN * t)))
        .forEach((layer, k) => layer.forEach((value, j) => { fields[k][j][place] = value; }));
    }
    return fields;
  }

  /* Return 2p − 1, from −1 where class 0 is certain to 1 where class 1 is. */
  says(fields) {
    const [zero, one] = fields[fields.length - 1];
    return zero.map((score, place) => 2 / (1 + Math.exp(score - one[place])) - 1);
  }

  dots() {
    const paper = this.plane.getContext("2d"), at = (t) => 150 * (1 + t / SPAN);
    this.train.at.forEach(([x1, x2], i) => {
      const one = this.train.y[i] === 1, [x, y] = [at(x1), at(-x2)];
      paper.beginPath();
      if (one) paper.rect(x - 3.5, y - 3.5, 7, 7); // a square, so that color is not needed
      else paper.arc(x, y, 4, 0, 2 * Math.PI);
      Object.assign(paper, { fillStyle: `rgb(${one ? ORANGE : BLUE})`, strokeStyle: "#fff", lineWidth: 1 });
      paper.fill();
      paper.stroke();
    });
  }

  add(event) {
    const box = this.plane.getBoundingClientRect();
    const part = (t, low, size) => SPAN * ((2 * (t - low)) / size - 1);
    this.own.X.push([part(event.clientX, box.left, box.width), -part(event.clientY, box.top, box.height)]);
    this.own.y.push(event.shiftKey ? 1 : 0);
    this.restart();
  }

  draw_losses() {
    const { width, height } = this.curve, paper = this.curve.getContext("2d");
    const ink = getComputedStyle(this.curve).color, shown = this.losses.slice(-2000);
    const logs = shown.map((l) => [l.train, l.test].map((v) => Math.log10(Math.min(Math.max(v, 1e-4), 100))));
    const low = Math.min(-1, ...logs.flat()), high = Math.max(0, ...logs.flat());
    const y = (v) => 14 + ((high - v) / (high - low)) * (height - 28);
    paper.clearRect(0, 0, width, height);
    Object.assign(paper, { font: "11px sans-serif", fillStyle: ink, strokeStyle: ink, lineWidth: 1 });
    for (let power = Math.ceil(low); power <= high; power++) {
      paper.globalAlpha = 0.25;
      paper.strokeRect(34, y(power), width - 34, 0);
      paper.globalAlpha = 1;
      paper.fillText(String(Number(`1e${power}`)), 2, y(power) + 4);
    }
    ["train", "test"].forEach((part, k) => {
      paper.setLineDash(k ? [5, 3] : []);
      paper.lineWidth = 1.6;
      paper.beginPath();
      logs.forEach((pair, i) => {
        paper[i ? "lineTo" : "moveTo"](36 + ((width - 38) * i) / Math.max(1, logs.length - 1), y(pair[k]));
      });
      paper.stroke();
      paper.setLineDash([]);
    });
    paper.fillText("loss: training —, test - -", width - 140, 11);
    this.curve.setAttribute("aria-label", "The loss in training and on test points over the epochs, on a logarithmic scale.");
  }

  edges() {
    const home = this.columns.getBoundingClientRect(), lines = [];
    this.lines.setAttribute("viewBox", `0 0 ${home.width || 1} ${home.height || 1}`);
    const side = (unit, right) => {
      const box = unit.picture.getBoundingClientRect();
      return [(right ? box.right : box.left) - home.left, box.top + box.height / 2 - home.top];
    };
    this.network.layers.forEach(({ W }, k) => W.forEach((row, i) => row.forEach((w, j) => {
      const [x1, y1] = side(this.units[k][i], true), [x2, y2] = side(this.units[k + 1][j], false);
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      const width = Math.min(6, 0.3 + 1.5 * Math.abs(w));
      const looks = { x1, y1, x2, y2, stroke: `rgb(${w < 0 ? BLUE : ORANGE})`, "stroke-width": width };
      if (w < 0) looks["stroke-dasharray"] = "4 3"; // dashed, so that color is not needed
      for (const [key, value] of Object.entries(looks)) line.setAttribute(key, value);
      lines.push(line);
    })));
    this.lines.replaceChildren(...lines);
  }
}

/* Paint values on a canvas: blue below 0, orange above, white at 0. */
function paint(canvas, values) {
  const image = new ImageData(GRID, GRID);
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0.05);
  values.forEach((value, i) => {
    const share = Math.min(1, Math.abs(value) / most), color = value < 0 ? BLUE : ORANGE;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 + 0.75 * share * (color[c] - 255);
    image.data[4 * i + 3] = 255;
  });
  const paper = canvas.getContext("2d");
  if (canvas.width === GRID) {
    paper.putImageData(image, 0, 0);
    return;
  }
  const small = new OffscreenCanvas(GRID, GRID);
  small.getContext("2d").putImageData(image, 0, 0);
  paper.drawImage(small, 0, 0, canvas.width, canvas.height);
}

document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("nnlab-train");
  if (!place) return;
  place.playground = new Playground(place, window.nnlabPoints);
  addEventListener("hashchange", () => location.reload()); // another address was pasted
});
