"""Checks of tensors in the served graph, with the sentences of `checks` for arrays.

Each check returns its tensor, which depends on the assertion, so that the assertion also runs in a Session, which
computes nothing but what a result depends on.
"""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.checks import MOST_TEMPERATURE
from latent_xlate.modalities.modality import Modality
from latent_xlate.translator import OVERFLOW


def finite(x: tf.Tensor, what: str) -> tf.Tensor:
    """Returns `x`; the assertion fails, with the number of NaN or infinite values in it, if there are any."""
    bad = tf.math.count_nonzero(~tf.math.is_finite(x))
    end = tf.where(bad > 1, " NaN or infinite values.", " NaN or infinite value.")
    return _asserted(x, bad == 0, tf.strings.join([f"{what} has ", tf.strings.as_string(bad), end]))


def data(x: tf.Tensor, modality: Modality, what: str = "x") -> tf.Tensor:
    """Returns `x`; the assertion fails if it has NaN or infinite values, or values outside the modality's limits."""
    x = finite(x, what)
    low, high = modality.limits
    if low == -float("inf") and high == float("inf"):
        return x
    lowest, highest = tf.reduce_min(x), tf.reduce_max(x)
    seen = [tf.strings.as_string(value, shortest=True) for value in (lowest, highest)]
    full_scale = modality.full_scale
    way_out = tf.where((highest > high + 1) & (highest <= full_scale), f": divide it by {full_scale:g}.", ".")
    sentence = tf.strings.join(
        [f"{what} has values from ", seen[0], " to ", seen[1], f"; {modality.noun}s must lie in [{low:g}, {high:g}]"]
        + [way_out]
    )
    # Of an empty batch the smallest value is infinite and the largest minus infinite.
    return _asserted(x, (tf.size(x) == 0) | ((lowest >= low) & (highest <= high)), sentence)


def answer(x: tf.Tensor) -> tf.Tensor:
    """Returns `x`, a result; the assertion fails if it has NaN or infinite values."""
    return _asserted(x, tf.reduce_all(tf.math.is_finite(x)), tf.constant(OVERFLOW))


def temperatures(given: tf.Tensor) -> tf.Tensor:
    """Returns temperatures, [batch]; the assertion fails if one lies outside [0, MOST_TEMPERATURE] or is NaN."""
    bad = tf.boolean_mask(given, ~((given >= 0) & (given <= MOST_TEMPERATURE)))
    first = tf.strings.as_string(tf.concat([bad, [0.0]], axis=0)[0], shortest=True)
    sentence = tf.strings.join(["The temperature is ", first, f"; it must lie in [0, {MOST_TEMPERATURE:g}]."])
    return _asserted(given, tf.size(bad) == 0, sentence)


def as_many(x: tf.Tensor, instances: tf.Tensor, what: str) -> tf.Tensor:
    """Returns `x`; the assertion fails if it has not one row for each instance."""
    rows, expected = tf.shape(x)[0], tf.shape(instances)[0]
    numbers = [tf.strings.as_string(number) for number in (rows, expected)]
    sentence = tf.strings.join([f"{what} needs a row for each instance: it has ", numbers[0], " for ", numbers[1], "."])
    return _asserted(x, rows == expected, sentence)


def _asserted(x: tf.Tensor, condition: tf.Tensor, sentence: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.Assert(condition=condition, data=[sentence])]):
        return tf.identity(x)
