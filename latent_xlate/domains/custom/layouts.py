"""What the data of a user's model are: their kind, the order of their axes, and the range of their values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.modalities.modality import Modality

_CHANNELS = (1, 3)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The order of axes and the range of values of a model's data.

    Attributes:
        channels_first: Whether the model's pictures are [channels, height, width], its sounds [channels, samples].
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
        last = len(x.shape) - 1
        return tf.transpose(x, [0, last, *range(1, last)]) if self.channels_first else x

    def from_model(self, x: tf.Tensor) -> tf.Tensor:
        """What the model's data, [batch, *model_shape], are as x."""
        x = tf.transpose(x, [0, *range(2, len(x.shape)), 1]) if self.channels_first else x
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


def modality_of(shape: Sequence[int], invert: str = "auto", framing: str = "letterbox") -> Modality:
    """Recognises the modality of data by their shape.

    Args:
        shape: (height, width, 1 or 3) for images in [0, 1], (NUM_SAMPLES,) for sounds in [-1, 1].
        invert: Setting of images, one of `image_files.INVERT`.
        framing: Setting of images, one of `framing.FRAMINGS`.

    Raises:
        ValueError: Any other shape, or unknown `invert` or `framing`.
    """
    modality = modalities.of_shape(shape)
    if modality is None:
        raise ValueError(
            f"Data of shape {list(shape)} are neither pictures (height, width, 1 or 3 channels) nor sounds "
            f"({NUM_SAMPLES} samples): say by data_shape what they are, in as many values, by sample_rate that they "
            "are sounds, or give their modality."
        )
    return modality.with_settings(invert=invert, framing=framing)


def sounds_of_shape(model_shape: Sequence[int], sample_rate: int) -> Audio:
    """The modality of sounds by the shape of a model's data, [samples], [samples, channels] or [channels, samples].

    Raises:
        ValueError: Any other shape, or more than ten seconds.
    """
    if len(model_shape) not in (1, 2):
        raise ValueError(
            f"Data of shape {list(model_shape)} are no sounds, which have the shape [samples] or [samples, channels]: "
            "leave sample_rate out."
        )
    return Audio(max(model_shape), sample_rate, channels=min(model_shape) if len(model_shape) == 2 else 1)


def channels_first(model_shape: Sequence[int], modality: Modality) -> bool:
    """Whether a model's data have the axis of channels first, and x has it last."""
    model, data = tuple(model_shape), tuple(modality.shape)
    has_channels = len(data) == 3 or (len(data) == 2 and isinstance(modality, Audio))
    return has_channels and model != data and (*model[1:], model[0]) == data
