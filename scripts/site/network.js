/* A network as in lessons 02 and 04: linear layers, an activation between them, softmax and cross-entropy.
   One sample is a list of numbers. A test holds the losses to those of nnlab's own network. */

"use strict";

const ACTIVATIONS = {
  tanh: { of: Math.tanh, slope: (h) => 1 - h * h }, // the slope from the output h
  ReLU: { of: (z) => Math.max(z, 0), slope: (h) => (h > 0 ? 1 : 0) },
};

class Network {
  /* layers: [{W: [[…], …] (n_in, n_out), b: […]}, …] */
  constructor(layers, activation) {
    this.layers = layers;
    this.activation = ACTIVATIONS[activation];
  }

  static random(sizes, activation, normal) {
    const gain = activation === "ReLU" ? 2 : 1;
    const layers = sizes.slice(1).map((n, k) => {
      const scale = Math.sqrt(gain / sizes[k]);
      return { W: zeros(sizes[k], n).map((row) => row.map(() => scale * normal())), b: new Array(n).fill(0) };
    });
    return new Network(layers, activation);
  }

  /* Return the sample and what each layer makes of it; the last are the scores. */
  outputs(x) {
    const all = [x];
    this.layers.forEach(({ W, b }, k) => {
      const h = all[k], z = b.slice();
      for (let i = 0; i < h.length; i++) for (let j = 0; j < z.length; j++) z[j] += h[i] * W[i][j];
      all.push(k < this.layers.length - 1 ? z.map(this.activation.of) : z);
    });
    return all;
  }

  probabilities(x) {
    return softmax(this.outputs(x).pop());
  }

  loss(X, y) {
    return X.reduce((sum, x, i) => sum - Math.log(Math.max(this.probabilities(x)[y[i]], 1e-300)), 0) / X.length;
  }

  accuracy(X, y) {
    const right = X.filter((x, i) => argmax(this.outputs(x).pop()) === y[i]);
    return right.length / X.length;
  }

  /* One step of gradient descent on a batch; l2 is the strength λ of the penalty λ/2 · ΣW². */
  step(X, y, lr, l2 = 0) {
    const grads = this.layers.map(({ W, b }) => ({ W: zeros(W.length, b.length), b: new Array(b.length).fill(0) }));
    X.forEach((x, sample) => {
      const h = this.outputs(x);
      let dz = softmax(h[this.layers.length]).map((p, j) => (p - (j === y[sample])) / X.length);
      for (let k = this.layers.length - 1; k >= 0; k--) {
        const { W } = this.layers[k], slope = this.activation.slope;
        dz.forEach((d, j) => {
          grads[k].b[j] += d;
          for (let i = 0; i < W.length; i++) grads[k].W[i][j] += h[k][i] * d;
        });
        dz = W.map((row, i) => slope(h[k][i]) * row.reduce((sum, w, j) => sum + w * dz[j], 0));
      }
    });
    this.layers.forEach(({ W, b }, k) => {
      b.forEach((_, j) => { b[j] -= lr * grads[k].b[j]; });
      W.forEach((row, i) => row.forEach((w, j) => { row[j] -= lr * (grads[k].W[i][j] + l2 * w); }));
    });
  }
}

function zeros(rows, columns) {
  return Array.from({ length: rows }, () => new Array(columns).fill(0));
}

function argmax(values) {
  return values.indexOf(Math.max(...values));
}

function softmax(scores) {
  const largest = Math.max(...scores), powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/* Return a function that draws normal numbers, always the same ones for the same seed. */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Object.assign(
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()), { uniform });
}
