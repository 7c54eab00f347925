"""The exercise `output_gradient`: the gradient with respect to the scores."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example, extreme, one_hot, probabilities, targets


@exercise(
    notebook=4,
    order=2,
    returns="dY_tilde",
    inputs=lambda rng, s: (probabilities(rng, s.m, s.n_y), targets(rng, s.m, s.n_y)),
    probes=(
        example(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]), one_hot([0, 2], 3)),
        extreme(
            "probabilities of 0 and 1",
            np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]),
            one_hot([0, 2, 1], 3),
        ),
    ),
    hints=(
        "Differentiate the loss and the softmax together: most of it cancels, and what is left is short.",
        "For one sample, the gradient with respect to its scores is the prediction minus the target. The "
        "loss is a mean over m samples.",
        "Subtract the arrays as they are, and divide by the number of rows, `len(Y)`.",
    ),
    why="Softmax and cross-entropy cancel into prediction minus target; the 1/m comes from the mean in the "
    "loss, and enters here, once, for all layers.",
)
def output_gradient(Y_hat, Y):
    """Return the gradient of the mean cross-entropy with respect to the scores Y_tilde.

    (Y_hat - Y) / m; Y_hat: (m, n) probabilities, Y: (m, n) one-hot -> (m, n).
    """
    m = len(Y)
    difference = Y_hat - Y
    return difference / m


mistake(
    output_gradient,
    "missing-batch-average",
    " / m → ",
    says="The gradient is m times too large. The loss is a mean over the batch, and so is its gradient. As "
    "it stands, a batch ten times as large makes steps ten times as long, and a learning rate that works "
    "for one batch size blows up with another.",
)
mistake(
    output_gradient,
    "double-batch-average",
    "/ m → / m**2",
    says="You average over the batch twice. The gradient is m times too small, and training seems to stall "
    "unless the learning rate is raised m-fold.",
)
mistake(
    output_gradient,
    "loss-averaged-over-classes",
    "/ m → / Y.size",
    says="The gradient is divided by the number of all entries, m times the number of classes. It belongs "
    "to a loss that is also averaged over the classes; the cross-entropy of one sample is a sum over "
    "them.",
)
mistake(
    output_gradient,
    "divided-by-classes",
    "/ m → / Y.shape[1]",
    says="The gradient is divided by the number of classes, the second axis. The mean in the loss runs over "
    "the samples, which are the rows.",
)
mistake(
    output_gradient,
    "gradient-sign-flipped",
    "Y_hat - Y → Y - Y_hat",
    "difference / m → -difference / m",
    says="The sign is reversed. A gradient points uphill and the update steps against it: where a wrong "
    "class has too much probability, the entry must be positive. With this sign every step makes the "
    "network more confident in the wrong classes.",
)
mistake(
    output_gradient,
    "extra-softmax-derivative",
    "difference / m → difference / m * Y_hat * (1 - Y_hat)",
    "difference / m → Y_hat * (difference - (difference * Y_hat).sum(axis=1, keepdims=True)) / m",
    says="The derivative of the softmax is applied a second time. The difference between prediction and "
    "target already contains it. The extra factor is almost 0 where the network is confident in a "
    "wrong class, so it learns least from its worst errors.",
)
mistake(
    output_gradient,
    "tanh-derivative-added",
    "difference / m → difference / m * (1 - Y_hat**2)",
    says="There is a factor of 1 - Y_hat². That is the derivative of tanh, and it belongs to the hidden "
    "layer; the output layer has a softmax, whose derivative the difference already contains.",
)
mistake(
    output_gradient,
    "gradient-of-the-probabilities",
    "Y_hat - Y → -Y / np.where(Y > 0, Y_hat, 1)",
    "Y_hat - Y → -Y / Y_hat",
    "Y_hat - Y → -Y / (Y_hat + 1e-12)",
    "Y_hat - Y → -Y / np.clip(Y_hat, 1e-12, 1)",
    "Y_hat - Y → (Y_hat - Y) / (Y_hat * (1 - Y_hat))",
    says="This is the gradient with respect to the probabilities Y_hat, one step too early. The exercise "
    "asks for the scores Y_tilde: you still have to go back through the softmax. (It also divides by "
    "probabilities, which may be 0.)",
)
mistake(
    output_gradient,
    "squared-error-gradient",
    "difference / m → 2 * difference / m",
    says="There is a factor of 2, as in the derivative of a square. The loss here is the cross-entropy; its "
    "gradient has no such factor. Training would go on with twice the learning rate you think.",
)
mistake(
    output_gradient,
    "only-the-right-class",
    "Y_hat - Y → (Y_hat - 1) * Y",
    says="Only the correct class of each sample gets a gradient. The other classes have probability too, "
    "which should shrink: the entries of a row sum to 0.",
)
mistake(
    output_gradient,
    "rows-merged",
    "return difference / m → return difference.mean(axis=0)",
    "return difference / m → return difference.mean(axis=0, keepdims=True)",
    "return difference / m → return difference.mean()",
    "return difference / m → return difference.mean(axis=1)",
    "return difference / m → return difference.sum() / m",
    says="The entries are added up. The gradient has the shape of the scores, one row for each sample: the "
    "layers below need to know which sample asks for what. Dividing by m does not mean summing.",
)
mistake(
    output_gradient,
    "loss-instead-of-gradient",
    "return difference / m → return -np.sum(Y * np.log(np.clip(Y_hat, 1e-12, 1))) / m",
    "return difference / m → return -Y * np.log(np.clip(Y_hat, 1e-12, 1)) / m",
    says="This is the loss, not its gradient. The loss says how bad the prediction is; the gradient says in "
    "which direction each score should move, and has one entry for each of them.",
)
mistake(
    output_gradient,
    "absolute-difference",
    "Y_hat - Y → np.abs(Y_hat - Y)",
    says="The sign of the difference is lost. A gradient has to say in which direction each score should "
    "move: up for the correct class, down for the others.",
)
mistake(
    output_gradient,
    "difference-squared",
    "difference / m → difference**2 / m",
    says="The difference is squared. That is an error, not its gradient: it has lost the sign, and with it "
    "the direction.",
)
mistake(
    output_gradient,
    "integer-division",
    "/ m → // m",
    says="`//` discards the fraction; what is left of a small gradient is 0 or -1. use `/`.",
)
mistake(
    output_gradient,
    "hard-decision-instead-of-probabilities",
    "Y_hat - Y → (Y_hat >= Y_hat.max(axis=1, keepdims=True)) - Y",
    "Y_hat - Y → np.eye(Y.shape[1])[Y_hat.argmax(axis=1)] - Y",
    "Y_hat - Y → np.round(Y_hat) - Y",
    says="The probabilities are rounded to 0 and 1 before the targets are subtracted. A sample that is "
    "only just right then has no gradient at all; the probabilities say how much is missing.",
)
