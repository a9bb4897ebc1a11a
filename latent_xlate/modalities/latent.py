"""Latents in the place of data, for a domain whose models are not there."""

from __future__ import annotations

import dataclasses

from latent_xlate.modalities.array import Array
from latent_xlate.modalities.modality import register


@register
@dataclasses.dataclass(frozen=True)
class Latent(Array):
    """Latents of one shape, of any range. They are read and written as arrays are, and shown as heat maps."""

    kind = "latent"
    noun = "latent"
    array_name = "z"
