"""Interpolation between latents (paper, section 5.3)."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate import checks

METHODS = ("slerp", "square_root", "linear")


def interpolate(start: tf.Tensor, end: tf.Tensor, num_points: int, method: str = "slerp") -> tf.Tensor:
    """Interpolates between two latents, both ends included.

    Args:
        start: First latent, [..., dim].
        end: Last latent, [..., dim].
        num_points: Number of points, 2 or more.
        method: "slerp", spherical, which stays on the shell that holds a Gaussian's mass (Shoemake 1985; White 2016,
            https://arxiv.org/abs/1609.04468); "square_root", with weights sqrt(1 - t) and sqrt(t), as in the paper's
            authors' code; or "linear".

    Returns:
        [num_points, ..., dim].

    Raises:
        ValueError: Unknown method, or fewer than two points.
    """
    checks.known(method, METHODS, "interpolation")
    if num_points < 2:
        raise ValueError(f"An interpolation has at least 2 points, not {num_points}.")
    start, end = tf.convert_to_tensor(start), tf.convert_to_tensor(end)
    t = tf.linspace(tf.zeros([], start.dtype), tf.ones([], start.dtype), num_points)
    t = tf.reshape(t, [-1] + [1] * start.shape.rank)
    if method == "slerp":
        u, v = tf.math.l2_normalize(start, -1), tf.math.l2_normalize(end, -1)
        # Unlike the arc cosine this is accurate for small angles and for nearly opposite latents.
        angle = 2.0 * tf.atan2(tf.norm(u - v, axis=-1, keepdims=True), tf.norm(u + v, axis=-1, keepdims=True))
        # Between parallel or opposite latents the arc is degenerate: interpolate linearly.
        straight = tf.sin(angle) < 1e-4
        sine = tf.where(straight, tf.ones_like(angle), tf.sin(angle))
        weights = (
            tf.where(straight, 1.0 - t, tf.sin((1.0 - t) * angle) / sine),
            tf.where(straight, t, tf.sin(t * angle) / sine),
        )
    elif method == "square_root":
        weights = tf.sqrt(1.0 - t), tf.sqrt(t)
    else:
        weights = 1.0 - t, t
    return weights[0] * start + weights[1] * end
