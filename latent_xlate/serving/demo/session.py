"""Inputs and settings of a user of the page."""

from __future__ import annotations

import dataclasses

import numpy as np

SAMPLES = 4
"""Number of samples of each translation at the beginning."""


@dataclasses.dataclass(frozen=True)
class Session:
    """The state of the page for one user.

    Attributes:
        source: Name of the domain of the inputs.
        targets: Names of the domains to translate to.
        inputs: Latents of the first and the second input, float32 [latent_dim]; None for an empty input.
        chosen: Index of the input that a drawing, a file or an example replaces.
        step: Position between the first and the second input, 0 to `player.STEPS`.
        num_samples: Number of samples of each translation.
        seed: Seed of the samples.
    """

    source: str
    targets: tuple[str, ...] = ()
    inputs: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
    chosen: int = 0
    step: int = 0
    num_samples: int = SAMPLES
    seed: int = 0

    def with_input(self, z: np.ndarray) -> Session:
        """A copy in which the chosen input has the latent z."""
        first, second = self.inputs
        return dataclasses.replace(self, inputs=(first, z) if self.chosen else (z, second))
