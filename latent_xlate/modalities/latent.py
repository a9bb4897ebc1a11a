"""Latents in the place of data, for a domain whose models are not there."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from latent_xlate.modalities.array import Array
from latent_xlate.modalities.modality import register


@register
@dataclasses.dataclass(frozen=True)
class Latent(Array):
    """Latents of one shape, of any range. They are read and written as arrays are, and shown as heat maps.

    A batch of them may have all numbers of a latent in one axis.
    """

    kind = "latent"
    noun = "latent"
    array_names = ("z", "mu", "x")

    def check(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x)
        return super().check(x.reshape(len(x), *self.shape) if self._is_flat(x.shape) else x)

    def is_batch(self, shape: Sequence[int]) -> bool:
        return super().is_batch(shape) or self._is_flat(shape)

    def _is_flat(self, shape: Sequence[int]) -> bool:
        return len(shape) == 2 and shape[1] == math.prod(self.shape)
