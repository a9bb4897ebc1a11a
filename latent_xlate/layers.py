"""Layers: stacks of ReLU layers, and the gated mixing layer (paper, supplement B.1 and Figure 10a)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from latent_xlate import KERAS_PACKAGE


def relu_stack(units: Sequence[int], name: str, dtype: keras.DTypePolicy) -> keras.Sequential:
    """Fully connected ReLU layers of the policy `dtype`, one for each width in `units`."""
    return keras.Sequential([keras.layers.Dense(n, activation="relu", dtype=dtype) for n in units], name=name)


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ScaledDense(keras.layers.Dense):
    """A linear layer of many inputs, which are multiplied by `scale`, while its initial weights are divided by it.

    At the start it is `Dense`. Adam moves every weight by as much as any other, so that a step moves the output of
    `Dense` in proportion to the number of inputs: with 16,384 it diverges where it learns well with 1,024. Here a step
    moves it by `scale` of that.
    """

    def __init__(self, units: int, scale: float, **kwargs: Any):
        """Makes the layer.

        Args:
            units: Size of the output.
            scale: A positive number.
            **kwargs: Passed to `keras.layers.Dense`.
        """
        # That of `Dense`, Glorot's, with its deviation divided by `scale`.
        initializer = keras.initializers.VarianceScaling(scale**-2, "fan_avg", "uniform")
        super().__init__(units, **{"kernel_initializer": initializer} | kwargs)
        self.scale = scale

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return super().call(inputs * ops.cast(self.scale, inputs.dtype))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class GatedMixing(keras.layers.Layer):
    """Mixes a linear map of an input with a change computed from hidden features.

        Z = (1 - gates) * Z' + gates * dZ,  Z' = Linear(z),  gates = sigmoid(Linear(h)),  dZ = Linear(h)

    so that the map from z to Z is nearly linear at the start of training. Paper, Figure 10a.

    Example:
        mixed = GatedMixing(8)([z, h])  # z [batch, 100], h [batch, 512] -> [batch, 8]
    """

    def __init__(self, units: int, **kwargs: Any):
        """Makes the layer.

        Args:
            units: Size of the output.
            **kwargs: Passed to `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.units = units
        self.mixed = keras.layers.Dense(units, dtype=self.dtype_policy, name="mixed")
        self.change_and_gates = keras.layers.Dense(2 * units, dtype=self.dtype_policy, name="change_and_gates")

    def build(self, input_shape: Any) -> None:
        z_shape, h_shape = input_shape
        self.mixed.build(z_shape)
        self.change_and_gates.build(h_shape)
        self.built = True

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Mixes z with the change computed from h.

        Args:
            inputs: z [batch, n] and h [batch, m].

        Returns:
            [batch, units].
        """
        z, h = inputs
        change, gates = ops.split(self.change_and_gates(h), 2, axis=-1)
        mixed = self.mixed(z)
        return mixed + ops.sigmoid(gates) * (change - mixed)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape[0][:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"units": self.units}
