"""Loss terms of the bridging VAE and of the base VAEs (paper, section 3 and supplement A).

Every function takes and returns tensors of one floating dtype and can be differentiated.
"""

from __future__ import annotations

import tensorflow as tf

from latent_xlate import random_draws

REDUCTIONS = {"mean": tf.reduce_mean, "sum": tf.reduce_sum}


def gaussian_kl(mu: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """KL divergence of N(mu, diag(sigma^2)) from N(0, I), in nats.

    Args:
        mu: Means, [batch, dim].
        sigma: Standard deviations, [batch, dim], positive.

    Returns:
        [batch], summed over the dimensions.
    """
    return 0.5 * tf.reduce_sum(tf.square(mu) + tf.square(sigma) - 1.0 - 2.0 * tf.math.log(sigma), axis=-1)


def squared_error(target: tf.Tensor, prediction: tf.Tensor, reduction: str = "mean") -> tf.Tensor:
    """Squared error of each row, the Gaussian log-likelihood up to scale and constant.

    Args:
        target: [batch, dim].
        prediction: [batch, dim].
        reduction: "mean" or "sum" over the dimensions.

    Returns:
        [batch].
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is {reduction!r}; it must be one of {', '.join(REDUCTIONS)}.")
    return REDUCTIONS[reduction](tf.math.squared_difference(target, prediction), axis=-1)


def precision_weighted_error(mu: tf.Tensor, sigma: tf.Tensor, prediction: tf.Tensor) -> tf.Tensor:
    """Squared error of each row against a Gaussian's mean, by its precision.

    The smaller the posterior's sigma in a dimension of z, the more sensitive the base VAE's decoder is to it; to a
    dimension that follows the prior it is hardly sensitive. Weighted by the precision, an error counts for its effect
    on the data. The noise of the posterior, which no bridge can predict, is left out.

    Args:
        mu: Means, [batch, dim].
        sigma: Standard deviations, [batch, dim], positive.
        prediction: [batch, dim].

    Returns:
        [batch], the mean over dimensions, with weights 1 / sigma^2 scaled to a mean of 1.
    """
    weights = tf.math.reciprocal(tf.square(sigma))
    weights /= tf.reduce_mean(weights, axis=-1, keepdims=True)
    return tf.reduce_mean(weights * tf.math.squared_difference(mu, prediction), axis=-1)


def random_projections(
    dim: int, num_projections: int, seed: int | tf.Tensor = 0, orthogonal: bool = False
) -> tf.Tensor:
    """Random directions, uniform on the unit sphere.

    Args:
        dim: Dimension of the space.
        num_projections: Number of directions.
        seed: An integer, or int32 [2] as `tf.random.stateless_normal` takes it.
        orthogonal: Whether every `dim` successive directions form an orthonormal basis, uniform over the rotations,
            which covers the sphere more evenly than independent draws.

    Returns:
        float32 [dim, num_projections], columns of unit norm.
    """
    seed = tf.stack([seed, 0]) if tf.convert_to_tensor(seed).shape.rank == 0 else seed
    if not orthogonal:
        return tf.math.l2_normalize(random_draws.normal([dim, num_projections], seed), axis=0)
    num_bases = -(-num_projections // dim)
    q, r = tf.linalg.qr(random_draws.normal([num_bases, dim, dim], seed))
    # The sign makes the basis uniform: QR alone prefers a positive or negative diagonal.
    q *= tf.sign(tf.linalg.diag_part(r))[:, tf.newaxis, :]
    return tf.reshape(tf.transpose(q, [1, 0, 2]), [dim, num_bases * dim])[:, :num_projections]


def sliced_wasserstein_distance(
    x: tf.Tensor,
    y: tf.Tensor,
    num_projections: int = 64,
    p: float = 2.0,
    projections: tf.Tensor | None = None,
    seed: int | tf.Tensor = 0,
    orthogonal: bool = False,
) -> tf.Tensor:
    """Sliced Wasserstein distance between two sets of points, raised to the power p.

    It is the mean over directions w of W_p^p(proj(x, w), proj(y, w)); with p = 2 it is the paper's L^SWD (section 3).
    In one dimension W_p pairs the points in order; sets of unequal size are paired exactly, by their quantiles. POT's
    function of the same name returns the p-th root.

    Args:
        x: [n, dim].
        y: [m, dim].
        num_projections: Number of random directions; ignored where `projections` is given.
        p: Order of the distance, at least 1.
        projections: Directions, [dim, num_projections], columns of unit norm; None for random ones.
        seed: Seed of the random directions.
        orthogonal: As in `random_projections`.

    Returns:
        Scalar, not negative.

    Raises:
        ValueError: `x`, `y` and `projections` do not fit together, or p < 1.

    Reference: Bonneel et al. (2015), https://doi.org/10.1007/s10851-014-0506-3.
    """
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    if x.shape.rank != 2 or y.shape.rank != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"x and y must be [n, dim] and [m, dim] of one dim, not {x.shape} and {y.shape}.")
    if p < 1:
        raise ValueError(f"p is {p}; the Wasserstein distance is defined for p of at least 1.")
    if projections is None:
        projections = tf.cast(random_projections(x.shape[1], num_projections, seed, orthogonal), x.dtype)
    elif projections.shape[0] != x.shape[1]:
        raise ValueError(f"projections is {projections.shape}; its first dimension must be {x.shape[1]}.")
    x, y = (tf.sort(tf.matmul(projections, points, transpose_a=True, transpose_b=True)) for points in (x, y))
    if x.shape[1] is not None and x.shape[1] == y.shape[1]:
        return tf.reduce_mean(power(x - y, p))
    # Quantiles in units of 1 / (n m), so that they are whole numbers.
    n, m = tf.shape(x, tf.int64)[1], tf.shape(y, tf.int64)[1]
    ends = tf.sort(tf.concat([tf.range(1, n + 1) * m, tf.range(1, m + 1) * n], axis=0))
    widths = ends - tf.concat([[0], ends[:-1]], axis=0)
    cost = power(tf.gather(x, (ends - 1) // m, axis=1) - tf.gather(y, (ends - 1) // n, axis=1), p)
    return tf.reduce_mean(tf.linalg.matvec(cost, tf.cast(widths, cost.dtype) / tf.cast(n * m, cost.dtype)))


def all_pairs_swd(points: tf.Tensor, projections: tf.Tensor, p: float = 2.0) -> tf.Tensor:
    """Sliced Wasserstein distances (to the power p) between all pairs of several sets.

    Args:
        points: [num_sets, n, dim].
        projections: Directions, [dim, num_projections].
        p: Order of the distance.

    Returns:
        Scalar: the sum over pairs, divided by `num_sets` - 1, so that each set has the weight of one of two. With two
        sets it is `sliced_wasserstein_distance`.
    """
    # Sorted one by one, since a sort occupies only one core.
    projected = [tf.sort(tf.matmul(projections, x, transpose_a=True, transpose_b=True)) for x in tf.unstack(points)]
    distances = [tf.reduce_mean(power(x - y, p)) for i, x in enumerate(projected) for y in projected[:i]]
    return tf.add_n(distances) / (len(projected) - 1)


def power(difference: tf.Tensor, p: float) -> tf.Tensor:
    """|difference|^p, element by element."""
    return tf.square(difference) if p == 2 else tf.abs(difference) if p == 1 else tf.abs(difference) ** p
