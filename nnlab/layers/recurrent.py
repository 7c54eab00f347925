"""Recurrent layers: a state h that is carried from step to step through the sequences X (m, T, n_in).

Only the products with h have to wait for their step. Those with x are one product before the loop, and the
gradients of the weights are one product each after it. Inside, arrays have the axes (step, gate, sample,
unit), so that whatever a step reads lies together in memory.
"""

from __future__ import annotations

import numpy as np

from nnlab._check import check_count, check_dtype, check_flag, check_rng, check_shape
from nnlab.initializers import Initializer, initial_weights, uniform, zeros
from nnlab.layers.base import Layer
from nnlab.layers.linear import sum_rows
from nnlab.layers.state import Parameter, check_distinct


class GatedLayer(Layer):
    """The parameters of RNN, LSTM and GRU, each of which has n_hidden columns for every gate."""

    n_gates = 1
    #: the attributes that hold the weights of x and of h, the bias, and the bias of h U if it has its own
    names: tuple[str, ...] = ("W", "U", "b")

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        *,
        bias: bool = True,
        weight_init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype=np.float64,
    ):
        """Make a layer from (m, T, n_in) to (m, T, n_hidden); each sequence starts from a state of zeros.

        bias=False leaves the biases out. weight_init=None draws weights and biases from the uniform
        distribution on ±1/√n_hidden, as torch does. An initializer of `nnlab.initializers` draws the weights
        only, with the fans of one gate (n_in or n_hidden, and n_hidden), and the biases start at zero.
        rng: what they are drawn from; dtype: float64 or float32.
        Raises: ValueError for a size below 1, TypeError for a wrong type of any setting.
        """
        who = type(self).__name__
        self.n_in = check_count(who, "n_in", n_in)
        self.n_hidden = check_count(who, "n_hidden", n_hidden)
        self.dtype = check_dtype(who, dtype)
        self.axes = ("m", "T", self.n_in)
        check_flag(who, "bias", bias)
        rng = check_rng(who, rng)
        like_torch = uniform(n_hidden**-0.5)
        weight_init, bias_init = (like_torch, like_torch) if weight_init is None else (weight_init, zeros)
        n = self.n_gates * n_hidden

        def draw(init: Initializer, shape: tuple[int, ...]) -> Parameter:
            return Parameter(initial_weights(who, init, shape, shape[0], n_hidden, rng, self.dtype))

        W, U, *biases = self.names
        setattr(self, W, draw(weight_init, (n_in, n)))
        setattr(self, U, draw(weight_init, (n_hidden, n)))
        for name in biases:
            setattr(self, name, draw(bias_init, (n,)) if bias else None)

    def _by_gate(self, A: np.ndarray) -> np.ndarray:
        """Return a view of A (…, m, n_gates · n_hidden) as (…, n_gates, m, n_hidden)."""
        return A.reshape(*A.shape[:-1], self.n_gates, self.n_hidden).swapaxes(-3, -2)

    def _own(self) -> list:
        return [getattr(self, name) for name in self.names]

    def __repr__(self) -> str:
        bias = ", bias=False" if self._own()[2] is None else ""
        return f"{type(self).__name__}({self.n_in}, {self.n_hidden}{bias})"


class Recurrent(GatedLayer):
    """What RNN, LSTM and GRU do before and after their loops over time, `_forward` and `_through_time`."""

    def _start(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return x W + b for all steps, U, both by gate, and an array for the states h_0 = 0, h_1, …, h_T."""
        W, U, b, *_ = self._own()
        A = _time_first(X)[:, None] @ self._by_gate(W.value)
        if b is not None:
            A += self._by_gate(b.value[None])
        self._H = np.zeros((X.shape[1] + 1, X.shape[0], self.n_hidden), self.dtype)
        return A, np.ascontiguousarray(self._by_gate(U.value)), self._H

    def _through_time(self, dH: np.ndarray, UT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of x W + b and of h U + c, for all steps.

        dH is that of h_0, …, h_T through Y alone; the loop adds what comes through the next step. UT = Uᵀ.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _through_time(dH, UT)")

    def _backward(self, dY, X, Y):
        m, T, _ = X.shape
        dA = self._assign_gradients(dY, X)
        W = self._own()[0].value
        return (dA @ W.T).reshape(T, m, self.n_in).swapaxes(0, 1)

    def _backward_parameters(self, dY, X, Y):
        self._assign_gradients(dY, X)

    def _assign_gradients(self, dY: np.ndarray, X: np.ndarray) -> np.ndarray:
        """Assign the gradients of all parameters; return that of x W + b, with a row per step and sample."""
        W, U, *biases = self._own()
        dH = np.zeros_like(self._H)
        dH[1:] = dY.swapaxes(0, 1)
        # ascontiguousarray: the products with Uᵀ, one per step, take half the time with it
        dA, dP = map(_rows, self._through_time(dH, np.ascontiguousarray(U.value.T)))
        W.grad = _rows(_time_first(X)).T @ dA
        U.grad = _rows(self._H[:-1]).T @ dP
        for bias, D in zip(biases, (dA, dP), strict=False):
            if bias is not None:
                bias.grad = sum_rows(D)
        return dA


class RNN(Recurrent):
    """h′ = tanh(x Wx + h Wh + b).

    X: (m, T, n_in), Wx: (n_in, n_hidden), Wh: (n_hidden, n_hidden), b: (n_hidden,) -> H: (m, T, n_hidden),
    the state h after each step. b is the sum of torch's two biases. Source: Elman, 1990.
    """

    names = ("Wx", "Wh", "b")

    def _forward(self, X):
        A, Wh, H = self._start(X)
        A, Wh = A[:, 0], Wh[0]  # there is only one gate
        for t in range(len(A)):
            A[t] += H[t] @ Wh
            np.tanh(A[t], out=H[t + 1])
        return H[1:].swapaxes(0, 1)

    def _through_time(self, dH, WhT):
        D = 1 - self._H[1:] ** 2  # the slopes of tanh at all steps
        for t in reversed(range(len(D))):
            D[t] *= dH[t + 1]
            dH[t] += D[t] @ WhT
        return D, D


class LSTM(Recurrent):
    """c′ = σ(f) c + σ(i) tanh(g) and h′ = σ(o) tanh(c′), with i, f, g, o = x W + h U + b.

    X: (m, T, n_in), W: (n_in, 4 n_hidden), U: (n_hidden, 4 n_hidden), b: (4 n_hidden,), the gates' columns in
    torch's order i, f, g, o -> H: (m, T, n_hidden), the state h after each step. b is the sum of torch's two.
    Source: Hochreiter and Schmidhuber, 1997; with the forget gate f of Gers et al., 2000.
    """

    n_gates = 4

    def _forward(self, X):
        G, U, H = self._start(X)  # G[t] is x W + b at first, then the four gates, squashed
        C = np.zeros_like(H)
        for t, (i, f, g, o) in enumerate(G):
            G[t] += H[t] @ U
            _sigmoid_in_place(G[t, :2])  # i and f
            np.tanh(g, out=g)
            _sigmoid_in_place(o)
            C[t + 1] = f * C[t] + i * g
            H[t + 1] = o * np.tanh(C[t + 1])
        self._G, self._C = G, C
        return H[1:].swapaxes(0, 1)

    def _through_time(self, dH, UT):
        G, C, H = self._G, self._C, self._H
        T, _, m, _ = G.shape
        D = np.empty((T, m, 4 * self.n_hidden), G.dtype)
        D_by_gate = self._by_gate(D)
        dc = np.zeros_like(dH[0])
        for t in reversed(range(T)):
            (i, f, g, o), (di, df, dg, do) = G[t], D_by_gate[t]
            dh, h, ig = dH[t + 1], H[t + 1], i * g
            dc += dh * (o - h * np.tanh(C[t + 1]))  # o (1 − tanh² c)
            di[...] = dc * (ig - ig * i)  # g · i (1 − i)
            df[...] = dc * C[t] * (f - f * f)  # c · f (1 − f)
            dg[...] = dc * (i - ig * g)  # i (1 − g²)
            do[...] = dh * (h - h * o)  # tanh c · o (1 − o)
            dc *= f
            dH[t] += D[t] @ UT
        return D, D


class GRU(Recurrent):
    """h′ = (1 − z) n + z h, with r, z = σ(x W + b + h U + c) and n = tanh(x W + b + r (h U + c)).

    X: (m, T, n_in), W: (n_in, 3 n_hidden), U: (n_hidden, 3 n_hidden), b, c: (3 n_hidden,), the gates' columns
    in torch's order r, z, n -> H: (m, T, n_hidden), the state h after each step. As in torch, r scales the
    product with U; in the paper, it scales h before the product. Source: Cho et al., 2014.
    """

    n_gates = 3
    names = ("W", "U", "b", "c")
    c: Parameter | None

    def _forward(self, X):
        G, U, H = self._start(X)  # G[t] is x W + b at first, then r, z and n
        c = 0 if self.c is None else self._by_gate(self.c.value[None])
        Q = np.empty_like(H[1:])  # h U + c of the third gate, which backward needs
        for t, (r, z, n) in enumerate(G):
            P = H[t] @ U + c
            G[t, :2] += P[:2]
            _sigmoid_in_place(G[t, :2])  # r and z
            n += r * P[2]
            np.tanh(n, out=n)
            H[t + 1] = n + z * (H[t] - n)
            Q[t] = P[2]
        self._G, self._Q = G, Q
        return H[1:].swapaxes(0, 1)

    def _through_time(self, dH, UT):
        G, H, Q = self._G, self._H, self._Q
        T, _, m, _ = G.shape
        dP = np.empty((T, m, 3 * self.n_hidden), G.dtype)
        dP_by_gate = self._by_gate(dP)
        dN = np.empty_like(Q)
        for t in reversed(range(T)):
            (r, z, n), (dr, dz, dq) = G[t], dP_by_gate[t]
            dh, dn = dH[t + 1], dN[t]
            dn[...] = dh * (1 - z) * (1 - n**2)
            dq[...] = dn * r
            dr[...] = dn * Q[t] * r * (1 - r)
            dz[...] = dh * (H[t] - n) * z * (1 - z)
            dH[t] += dP[t] @ UT + dh * z
        dA = dP.copy()  # r and z see the sum of both products, but r stands between n and h U + c
        self._by_gate(dA)[:, 2] = dN
        return dA, dP


class Bidirectional(Layer):
    """Two layers read every sequence, one from its start, one from its end; Y is both outputs side by side.

    X: (m, T, n) -> Y: (m, T, n_f + n_b). backward_layer gets X reversed in time, and its output is put back
    in order, as with torch's bidirectional=True: at step t, Y holds what forward_layer made of x_1 … x_t
    and what backward_layer made of x_T … x_t.
    Raises: ValueError for the same layer twice or different n_in, TypeError for different dtypes.
    Source: Schuster and Paliwal, 1997.
    """

    axes = ("m", "T", "n")

    def __init__(self, forward_layer: Layer, backward_layer: Layer):
        check_distinct("Bidirectional", (forward_layer, backward_layer))
        for name, kind in (("n_in", ValueError), ("dtype", TypeError)):
            f, b = getattr(forward_layer, name, None), getattr(backward_layer, name, None)
            if f != b and f is not None and b is not None:
                raise kind(f"Bidirectional expected two layers of the same {name}, got {f} and {b}")
        self.forward_layer = forward_layer
        self.backward_layer = backward_layer
        self.dtype = forward_layer.dtype if forward_layer.dtype is not None else backward_layer.dtype

    def _forward(self, X):
        F = self.forward_layer.forward(X)
        B = self.backward_layer.forward(X[:, ::-1])
        for name, Y in (("forward_layer", F), ("backward_layer", B)):
            check_shape("Bidirectional", f"the output of {name}", Y, (*X.shape[:2], "n"))
        self._n_f = F.shape[-1]
        return np.concatenate([F, B[:, ::-1]], axis=-1)

    def _backward(self, dY, X, Y):
        dF, dB = self._halves(dY)
        dX_f = self.forward_layer.backward(dF)
        dX_b = self.backward_layer.backward(dB)
        return dX_f + dX_b[:, ::-1]

    def _backward_parameters(self, dY, X, Y):
        dF, dB = self._halves(dY)
        self.forward_layer.backward_parameters(dF)
        self.backward_layer.backward_parameters(dB)

    def _halves(self, dY: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return dY[..., : self._n_f], dY[:, ::-1, self._n_f :]

    def __repr__(self) -> str:
        return f"Bidirectional({self.forward_layer!r}, {self.backward_layer!r})"


class LastStep(Layer):
    """Y = X[:, −1], the last step of every sequence: after an LSTM, its state when it has read everything.

    X: (m, T, n) -> Y: (m, n). Backward: dX is dY at the last step and 0 before. After `Bidirectional`, the
    half of backward_layer has read only x_T at that step.
    """

    axes = ("m", "T", "n")

    def _forward(self, X):
        return X[:, -1].copy()  # a copy, so that changing Y leaves X as it is

    def _backward(self, dY, X, Y):
        dX = np.zeros_like(X)
        dX[:, -1] = dY
        return dX


def _time_first(X: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(X.swapaxes(0, 1))


def _rows(X: np.ndarray) -> np.ndarray:
    return X.reshape(-1, X.shape[-1])


def _sigmoid_in_place(X: np.ndarray) -> None:
    """Replace X by σ(X) = (1 + tanh(X/2)) / 2: NumPy's tanh is faster than its exp, and never overflows."""
    X *= 0.5
    np.tanh(X, out=X)
    X *= 0.5
    X += 0.5
