"""Change every operator, constant, axis, comparison and call of each reference once; list what still passes.

    python scripts/mutate.py             # all exercises
    python scripts/mutate.py softmax     # one

A changed reference that passes is either the same function (EQUIVALENT says why), or a wrong answer for which
the exercise lacks a probe.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import signal
import sys
from collections.abc import Iterator

from nnlab.exercises.checking import registry
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.trials import outcomes_of, reference_outcomes, trials_of
from nnlab.exercises.checking.variants import build, split_source

OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.Pow: (ast.Mult, ast.Add),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.Eq: (ast.NotEq, ast.GtE, ast.LtE),
    ast.NotEq: (ast.Eq,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
}
NAMES = {
    "sum": ("mean", "max"),
    "mean": ("sum", "median"),
    "max": ("min", "mean", "sum"),
    "argmax": ("argmin",),
    "std": ("var",),
    "sqrt": ("abs", "square"),
    "exp": ("exp2", "abs"),
    "log": ("log2", "log1p"),
    "tanh": ("sinh", "abs"),
    "zeros": ("ones",),
    "unique": ("sort",),
    "abs": ("negative",),
    "normal": ("random",),
    "ReLU": ("GELU", "Identity"),
    "any": ("all",),
    "numel": ("dim",),
    "parameters": ("buffers",),
    "named_parameters": ("named_buffers",),
    "requires_grad": ("is_leaf", "trained"),
    "startswith": ("endswith",),
}

_LOGS = "logs = np.log(np.clip(Y_hat, 1e-12, {}))"
_STD = "std = np.where(std > 0, std, {})"
_F1 = "f1 = 2 * precision * recall / (precision + recall) if precision {} recall else 0.0"
_WAY = "progress = (step - warmup) / (total - warmup)"
_KEPT = "kept = rng.random(X.shape) {} p"
_NONE = "best, best_epoch = (float('inf'), {})"
_GAP = "error += inside.mean() * abs({}[inside].mean() - {}[inside].mean())"
_WON = "won = waiting & (X[:, :, i::size, j::size] {} largest)"
_FLIP = "flip = rng.random() {} 0.5"
_ERROR = "error = np.mean(({} - {}) ** 2)"
_OF_BASELINE = "error_of_baseline = np.mean(({} - {}) ** 2)"
_STATES = "H = np.{}((m, T, len(b)))"
_PAD = "padded = np.pad(images, ((0, {}), (0, 0), (padding, padding), (padding, padding)))"
EQUIVALENT: dict[tuple[str, str], str] = {
    ("cross_entropy", f"{_LOGS.format('1.0')} → {_LOGS.format('2.0')}"): "no probability exceeds 1",
    ("cross_entropy", f"{_LOGS.format('1.0')} → {_LOGS.format('5.0')}"): "no probability exceeds 1",
    ("standardize", f"{_STD.format('1.0')} → {_STD.format('2.0')}"): "in training 0 is divided; test is free",
    ("standardize", f"{_STD.format('1.0')} → {_STD.format('5.0')}"): "in training 0 is divided; test is free",
    (
        "copy_weights",
        "numbers = torch.tensor(array, dtype=parameter.dtype) → numbers = torch.tensor(array)",
    ): "copy_ converts to the parameter's dtype",
    ("confusion_counts", "actual = y_true == 1 → actual = y_true >= 1"): "labels are 0 and 1",
    ("confusion_counts", "predicted = y_pred == 1 → predicted = y_pred >= 1"): "labels are 0 and 1",
    ("precision_recall_f1", f"{_F1.format('+')} → {_F1.format('*')}"): "both are 0 or none is, as tp decides",
    ("best_threshold", "thresholds = np.unique(p_val) → thresholds = np.sort(p_val)"): "ties are tried twice",
    ("warmup_cosine", f"{_WAY} → progress = (warmup - step) / (total - warmup)"): "the cosine is even",
    ("warmup_cosine", f"{_WAY} → progress = (step - warmup) / (warmup - total)"): "the cosine is even",
    ("clip_by_norm", "if norm > max_norm: → if norm >= max_norm:"): "at the limit the factor is 1",
    ("dropout", f"{_KEPT.format('>=')} → {_KEPT.format('>')}"): "a draw equals p with probability 0",
    ("stop_early", f"{_NONE.format(0)} → {_NONE.format(1)}"): "the first loss is always taken",
    ("stop_early", f"{_NONE.format(0)} → {_NONE.format(-1)}"): "the first loss is always taken",
    ("stop_early", f"{_NONE.format(0)} → {_NONE.format(3)}"): "the first loss is always taken",
    (
        "macro_f1",
        "f1 = 2 * hits / np.maximum(total, 1) → f1 = 2 * hits / np.maximum(total, 2)",
    ): "a hit counts in its row and its column, so where the divisor is 1 there is none",
    (
        "max_pool_backward",
        f"{_WON.format('==')} → {_WON.format('>=')}",
    ): "no entry of a window exceeds its largest",
    ("calibration_error", f"{_GAP.format('y', 'p')} → {_GAP.format('p', 'y')}"): "|a - b| = |b - a|",
    ("augment", f"{_FLIP.format('<')} → {_FLIP.format('<=')}"): "a draw equals 0.5 with probability 0",
    ("augment", f"{_FLIP.format('<')} → {_FLIP.format('>')}"): "both have the probability 1/2",
    ("augment", f"{_PAD.format(0)} → {_PAD.format(1)}"): "images behind the last are never taken",
    ("augment", f"{_PAD.format(0)} → {_PAD.format(3)}"): "images behind the last are never taken",
    (
        "rnn_forward",
        f"{_STATES.format('zeros')} → {_STATES.format('ones')}",
    ): "every step is written",
    (
        "skill",
        f"{_ERROR.format('y', 'forecast')} → {_ERROR.format('forecast', 'y')}",
    ): "a square has no sign",
    (
        "skill",
        f"{_OF_BASELINE.format('y', 'baseline')} → {_OF_BASELINE.format('baseline', 'y')}",
    ): "a square has no sign",
}


def mutants(exercise: Exercise) -> Iterator[tuple[str, Function]]:
    """Yield every change, written "line → changed line", and the function with it."""
    header, body = split_source(exercise)
    tree = ast.parse(header + body)
    for number in range(len(list(ast.walk(tree)))):
        for choice in range(12):
            changed = copy.deepcopy(tree)
            node = list(ast.walk(changed))[number]
            if not mutate(node, choice):
                break
            ast.fix_missing_locations(changed)
            text = ast.unparse(changed)
            before, after = (ast.unparse(t).splitlines() for t in (tree, changed))
            line = next(((a, b) for a, b in zip(before, after, strict=False) if a != b), None)
            if line is None or before[0] != after[0]:
                continue
            with contextlib.suppress(SyntaxError):
                yield f"{line[0].strip()} → {line[1].strip()}", build(exercise, "", text + "\n")


def mutate(node: ast.AST, choice: int) -> bool:
    """Make the change of that number at a node, in place; False where there are no more."""
    changes: list = []
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        changes += [lambda op=op: setattr(node, "op", op()) for op in OPERATORS.get(type(node.op), ())]
        if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Add, ast.Mult, ast.BitAnd)):
            changes.append(lambda: swap(node))
    elif isinstance(node, ast.Compare):
        changes += [
            lambda op=op: node.ops.__setitem__(0, op()) for op in OPERATORS.get(type(node.ops[0]), ())
        ]
    elif isinstance(node, ast.UnaryOp):
        changes.append(lambda: setattr(node, "op", ast.UAdd()))
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        value = node.value
        others = (not value,) if isinstance(value, bool) else (value + 1, value - 1, 2 * value + 3)
        changes += [lambda v=v: setattr(node, "value", v) for v in others]
    elif isinstance(node, ast.Attribute):
        changes += [lambda name=name: setattr(node, "attr", name) for name in NAMES.get(node.attr, ())]
    elif isinstance(node, ast.Name):
        changes += [lambda name=name: setattr(node, "id", name) for name in NAMES.get(node.id, ())]
    elif isinstance(node, ast.comprehension) and node.ifs:
        changes.append(lambda: setattr(node, "ifs", node.ifs[1:]))
        changes.append(lambda: node.ifs.__setitem__(0, ast.UnaryOp(ast.Not(), node.ifs[0])))
    elif isinstance(node, ast.Call) and node.keywords:
        for i in range(len(node.keywords)):
            changes.append(lambda i=i: node.keywords.pop(i))
    elif isinstance(node, (ast.FunctionDef, ast.For, ast.With)) and len(node.body) > 1:
        changes += [lambda i=i: node.body.pop(i) for i in range(len(node.body))]
    if choice >= len(changes):
        return False
    changes[choice]()
    return True


def swap(node: ast.BinOp) -> None:
    """Exchange the two sides of an operator."""
    node.left, node.right = node.right, node.left


def survivors(exercise: Exercise) -> tuple[int, list[str]]:
    """Return how many changes there are, and those that pass though nothing says that they are the same."""
    expected = reference_outcomes(exercise)
    number, passed = 0, []
    for change, function in mutants(exercise):
        number += 1
        with limited(seconds=10):
            trials = trials_of(exercise, outcomes_of(exercise, function, expected))
            judged = [t for t in trials if t.probe.kind != "bias"]
            unchanged = not any(t.outcome.changed for t in judged)
            if all(t.right for t in judged) and unchanged and (exercise.name, change) not in EQUIVALENT:
                passed.append(change)
    return number, list(dict.fromkeys(passed))


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Give up on a change that makes the function run for ever."""

    def stop(*ignored: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    except TimeoutError:
        pass
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(names: list[str]) -> int:
    """Print the changes that pass; return how many there are."""
    total = 0
    for exercise in registry.available():
        if names and exercise.name not in names:
            continue
        number, passed = survivors(exercise)
        print(f"{exercise.name}: {number} changes, {len(passed)} pass", flush=True)
        for change in passed:
            print(f"    {change}", flush=True)
        total += len(passed)
    return total


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
