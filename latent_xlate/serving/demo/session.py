"""Inputs and settings of a user of the page."""

from __future__ import annotations

import dataclasses

import numpy as np

STEPS = 100
"""Number of steps from one input to the other."""

SAMPLES, TEMPERATURE = 4, 1.0
"""Number of samples of each translation, and their temperature, at the beginning."""


@dataclasses.dataclass(frozen=True)
class Session:
    """The state of the page for one user.

    Attributes:
        source: Name of the domain of the inputs.
        targets: Names of the domains to translate to.
        inputs: Latents of the first and the second input, float32 [latent_dim]; None for an empty input.
        novelty: How unlike the training data each of them is; 0 if that is unknown.
        chosen: Index of the input that a drawing, a file or an example replaces.
        step: Position between the first and the second input, 0 to STEPS.
        num_samples: Number of samples of each translation.
        seed: Seed of the samples.
        temperature: How far samples go from the mean.
    """

    source: str
    targets: tuple[str, ...] = ()
    inputs: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
    novelty: tuple[float, float] = (0.0, 0.0)
    chosen: int = 0
    step: int = 0
    num_samples: int = SAMPLES
    seed: int = 0
    temperature: float = TEMPERATURE

    def with_input(self, z: np.ndarray | None, novelty: float = 0.0) -> Session:
        """A copy in which the chosen input has the latent z, or is empty, and what is shown is that input."""
        (first, second), (novelty_of_first, novelty_of_second) = self.inputs, self.novelty
        if self.chosen:
            second, novelty_of_second = z, novelty
        else:
            first, novelty_of_first = z, novelty
        is_way = first is not None and second is not None
        return dataclasses.replace(
            self,
            inputs=(first, second),
            novelty=(novelty_of_first, novelty_of_second),
            step=STEPS * self.chosen if is_way else 0,
        )
