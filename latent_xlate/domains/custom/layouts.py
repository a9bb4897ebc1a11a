"""How the data of a user's model differ from x: the order of their axes, and the range of their values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.modalities.modality import Modality

_CHANNELS = (1, 3)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The order of axes and the range of values of a model's data.

    Attributes:
        channels_first: Whether the model's pictures are [channels, height, width].
        value_range: What the limits of `modality` are in the model's data; None for the same.
        modality: The kind of data.
    """

    channels_first: bool
    value_range: Sequence[float] | None
    modality: Modality

    def __post_init__(self) -> None:
        """Checks the range."""
        if self.value_range is None:
            return
        if not np.isfinite(self.modality.limits).all():
            raise ValueError(f"{self.modality.noun.capitalize()}s have no limits, so there is no value_range of them.")
        if len(self.value_range) != 2 or not self.value_range[0] < self.value_range[1]:
            shown = ",".join(f"{value:g}" for value in self.value_range)
            raise ValueError(f"value_range is {shown}; it must be two numbers, the lower one first, -1,1 say.")

    def to_model(self, x: tf.Tensor) -> tf.Tensor:
        """The model's data of x, [batch, *data_shape]."""
        x = self._rescaled(x, self.modality.limits, self.value_range)
        return tf.transpose(x, [0, 3, 1, 2]) if self.channels_first else x

    def from_model(self, x: tf.Tensor) -> tf.Tensor:
        """What the model's data, [batch, *model_shape], are as x."""
        x = tf.transpose(x, [0, 2, 3, 1]) if self.channels_first else x
        return self._rescaled(x, self.value_range, self.modality.limits)

    def get_config(self) -> dict[str, Any]:
        """Arguments of `ModelDomain`."""
        value_range = None if self.value_range is None else [float(value) for value in self.value_range]
        return {"channels_first": self.channels_first, "value_range": value_range}

    def _rescaled(self, x: tf.Tensor, given: Sequence[float] | None, wanted: Sequence[float] | None) -> tf.Tensor:
        if given is None or wanted is None:
            return x
        return (x - given[0]) * ((wanted[1] - wanted[0]) / (given[1] - given[0])) + wanted[0]


def data_shape_of(model_shape: Sequence[int]) -> tuple[int, ...]:
    """Shape of x by that of a model's data: sounds have no axis of channels, and pictures have it last."""
    shape = tuple(model_shape)
    if len(shape) == 2:  # A sound with an axis of channels, or a picture without one.
        return (max(shape),) if 1 in shape else (*shape, 1)
    if len(shape) == 3 and shape[0] in _CHANNELS and shape[2] not in _CHANNELS:
        return (*shape[1:], shape[0])
    return shape


def channels_first(model_shape: Sequence[int], data_shape: Sequence[int]) -> bool:
    """Whether a model's data are pictures [channels, height, width] of x, [height, width, channels]."""
    model, data = tuple(model_shape), tuple(data_shape)
    return len(model) == len(data) == 3 and model != data and (*model[1:], model[0]) == data
