/* The drawing pad of the widgets, alive on a page: strokes are prepared and the network asked right here.
   The steps are those of nnlab/widgets/strokes.py; a test holds both to the same numbers. */

"use strict";

const FINE = 8; // each pixel is drawn as so many by so many, then averaged
const INK = 0.305; // the mean of every digit that the network has learned
const TALL = 32, WIDE = 20; // the box of those digits, in a bitmap of 32 × 32

function raster(strokes, side, pen) {
  const canvas = new OffscreenCanvas(FINE * side, FINE * side);
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(paper, { lineWidth: FINE * pen, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    paper.beginPath();
    stroke.concat([stroke[stroke.length - 1]]).forEach(([x, y], i) => {
      const at = [FINE * side * x, FINE * side * y];
      if (i) paper.lineTo(...at);
      else paper.moveTo(...at);
    });
    paper.stroke();
  }
  const alpha = paper.getImageData(0, 0, FINE * side, FINE * side).data;
  const fine = Array.from({ length: (FINE * side) ** 2 }, (_, i) => alpha[4 * i + 3] / 255);
  return meanOfBlocks(fine, FINE * side, FINE);
}

function meanOfBlocks(image, side, size) {
  const n = side / size, means = new Array(n * n).fill(0);
  image.forEach((value, i) => {
    const row = Math.floor(Math.floor(i / side) / size), column = Math.floor((i % side) / size);
    means[row * n + column] += value / size ** 2;
  });
  return means;
}

function intoBox(strokes, box, pen, side) {
  const points = strokes.flat();
  const low = [0, 1].map((k) => Math.min(...points.map((p) => p[k])));
  const size = [0, 1].map((k) => Math.max(...points.map((p) => p[k])) - low[k]);
  const scale = size.map((s, k) => (s > 1e-5 ? Math.max(box[k] - pen, 0) / s / side : 0));
  return strokes.map((stroke) => stroke.map((p) => p.map((x, k) => 0.5 + (x - low[k] - size[k] / 2) * scale[k])));
}

function asSmallDigits(strokes) {
  const points = strokes.flat();
  const [width, height] = [0, 1].map(
    (k) => Math.max(...points.map((p) => p[k])) - Math.min(...points.map((p) => p[k])));
  const box = [Math.min(WIDE, (1.5 * TALL * width) / Math.max(height, 1e-6)), TALL];
  let thin = 1, thick = 16, bitmap;
  for (let i = 0; i < 6; i++) {
    const pen = (thin + thick) / 2;
    bitmap = raster(intoBox(strokes, box, pen, TALL), TALL, pen);
    const mean = bitmap.reduce((sum, value) => sum + value, 0) / bitmap.length;
    if (mean > INK) thick = pen;
    else thin = pen;
  }
  return meanOfBlocks(bitmap, TALL, 4).map((value) => Math.round(16 * value) / 16);
}

/* What the pad takes for the widget's model: it answers here, where otherwise Python does. */
class Model {
  constructor({ layers, strokes }) {
    Object.assign(this, { network: new Network(layers, "ReLU"), listeners: {}, values: { strokes, answer: {} } });
    this.save_changes();
  }

  get(name) { return this.values[name]; }

  set(name, value) { this.values[name] = value; }

  on(event, call) { (this.listeners[event] ??= []).push(call); }

  off(event, call) { this.listeners[event] = this.listeners[event].filter((other) => other !== call); }

  save_changes() {
    const { strokes } = this.values, drawn = strokes.length > 0;
    const image = drawn ? asSmallDigits(strokes) : new Array(64).fill(0);
    this.values.answer = {
      image: Array.from({ length: 8 }, (_, row) => image.slice(8 * row, 8 * row + 8)),
      probabilities: drawn ? this.network.probabilities(image) : null,
      labels: [..."0123456789"],
    };
    (this.listeners["change:answer"] ?? []).forEach((call) => call());
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("nnlab-pad");
  if (!place) return;
  const model = new Model(window.nnlabDigits);
  place.model = model; // for who looks into it, as a test does
  window.nnlabPad.render({ model, el: place });
});
