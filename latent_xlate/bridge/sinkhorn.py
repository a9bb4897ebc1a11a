"""Entropic optimal transport between sets of points, by Sinkhorn's algorithm, a set of each class at once."""

from __future__ import annotations

import tensorflow as tf

LEAST_EPSILON = 1e-9

_ITERATIONS = 100  # More change the numbers of translations in the third digit.

_TURNS = 20
_ITERATIONS_A_TURN = 10  # From the potentials of the turn before.
_TURN_SMOOTHING = 0.01


def squared_distances(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Squared distances of x, [classes, n, dim], and y, [classes, m, dim]: [classes, n, m]."""
    of_x, of_y = (tf.reduce_sum(tf.square(each), axis=-1) for each in (x, y))
    between = of_x[:, :, tf.newaxis] + of_y[:, tf.newaxis] - 2.0 * tf.matmul(x, y, transpose_b=True)
    return tf.maximum(between, 0.0)


def regularisation(cost: tf.Tensor, smoothing: float) -> tf.Tensor:
    """The strength that is a share, `smoothing`, of the mean of the cost, [classes, n, m]: float32 [classes]."""
    return tf.maximum(smoothing * tf.reduce_mean(cost, axis=(1, 2)), LEAST_EPSILON)


@tf.function(autograph=False)
def potentials(
    cost: tf.Tensor, epsilon: tf.Tensor, start: tf.Tensor | None = None, iterations: int = _ITERATIONS
) -> tf.Tensor:
    """The targets' potentials of entropic optimal transport between uniform distributions, by Sinkhorn's algorithm.

    Reference: Peyré and Cuturi (2019), section 4.4, https://arxiv.org/abs/1803.00567.

    Args:
        cost: [classes, n, m].
        epsilon: Strength of the regularisation, [classes].
        start: Potentials to start from, [classes, m]; None for 0.
        iterations: Number of iterations.

    Returns:
        [classes, m]. The plan is proportional to exp((f_i + g_j - cost_ij) / epsilon), and g is returned.
    """
    epsilon = epsilon[:, tf.newaxis]
    scaled = cost / epsilon[:, :, tf.newaxis]

    def soft_least(potential: tf.Tensor, axis: int) -> tf.Tensor:
        shifted = tf.expand_dims(potential, 3 - axis) - scaled
        count = tf.cast(tf.shape(scaled)[axis], tf.float32)
        return tf.math.log(count) - tf.reduce_logsumexp(shifted, axis=axis)

    def iterate(step: tf.Tensor, g: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return step + 1, soft_least(soft_least(g, 2), 1)

    first = tf.zeros_like(scaled[:, 0]) if start is None else start / epsilon
    _, g = tf.while_loop(lambda step, g: step < iterations, iterate, (0, first))
    return epsilon * g


@tf.function(autograph=False)
def turns(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Orthogonal maps after which it costs little to transport points to others, class by class.

    A transport plan says where each point goes, an orthogonal map is fitted to it, and so on (Wasserstein Procrustes,
    Grave et al. 2019, https://arxiv.org/abs/1805.11222). What is found is near to where it starts: at no turn at all.

    Args:
        x: The points, float32 [classes, n, dim], of mean 0.
        y: The others, float32 [classes, m, dim], of mean 0.

    Returns:
        float32 [classes, dim, dim]; `x @ turns(x, y)` is as `y`.
    """

    def turn(step: tf.Tensor, g: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        cost = squared_distances(tf.matmul(x, found), y)
        epsilon = regularisation(cost, _TURN_SMOOTHING)
        g = potentials(cost, epsilon, g, _ITERATIONS_A_TURN)
        plan = tf.nn.softmax((g[:, tf.newaxis] - cost) / epsilon[:, tf.newaxis, tf.newaxis])
        _, left, right = tf.linalg.svd(tf.matmul(x, tf.matmul(plan, y), transpose_a=True))
        return step + 1, g, tf.matmul(left, right, transpose_b=True)

    eye = tf.eye(tf.shape(x)[2], batch_shape=tf.shape(x)[:1])
    *_, found = tf.while_loop(lambda step, *_: step < _TURNS, turn, (0, tf.zeros_like(y[..., 0]), eye))
    return found
