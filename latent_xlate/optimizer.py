"""Learning rate schedules, precisions, and Adam in one pass over the memory of each variable."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, checks

SCHEDULES = ("constant", "cosine")

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
"""Keras dtype policies by which a model can be trained: its variables are float32 in all of them."""


def make_schedule(
    name: str, learning_rate: float, num_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over a run.

    Args:
        name: "constant", or "cosine", from `learning_rate` down to zero.
        learning_rate: Learning rate at the start.
        num_steps: Number of steps of the run.

    Raises:
        ValueError: Unknown name.
    """
    checks.known(name, SCHEDULES, "schedule")
    if name == "cosine":
        return keras.optimizers.schedules.CosineDecay(learning_rate, num_steps)
    return learning_rate


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` whose update is TensorFlow's one fused kernel.

    Keras composes the update from a dozen element-wise operations, each of which reads and writes whole arrays. The
    kernel reads the gradient, the variable and both moments once. The results agree with those of
    `keras.optimizers.Adam` up to rounding. AMSGrad is not supported.

    Reference: Kingma and Ba (2014), https://arxiv.org/abs/1412.6980.
    """

    def __init__(
        self, learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1e-3, **kwargs: Any
    ) -> None:
        """Args are those of `keras.optimizers.Adam`.

        Raises:
            ValueError: `amsgrad` is set.
        """
        super().__init__(learning_rate, **kwargs)
        if self.amsgrad:
            raise ValueError("FusedAdam has no amsgrad; use keras.optimizers.Adam(amsgrad=True).")

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        beta_1, beta_2 = tf.cast(self.beta_1, dtype), tf.cast(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )
