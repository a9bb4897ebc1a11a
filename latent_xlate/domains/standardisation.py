"""Standardisation of latents, which have any scale, to the mean 0 and deviation 1 that a bridge learns best from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate import files

_LEAST_DEVIATION = 1e-6
"""Deviation, as a share of the mean's size, of what counts as constant: float32 resolves little more."""

_LEAST = 1e-30


@dataclasses.dataclass(frozen=True)
class Standardisation:
    """A shift and a scale of each number of a latent.

    Attributes:
        shift: Subtracted from latents, float32 [latent_dim].
        scale: What the difference is divided by, float32 [latent_dim], positive.
    """

    shift: np.ndarray
    scale: np.ndarray

    @classmethod
    def of_moments(cls, mean: np.ndarray, variance: np.ndarray) -> Standardisation:
        """Chooses mean 0 and deviation 1; what is constant is only shifted.

        Args:
            mean: Of latents, float64 [latent_dim].
            variance: Likewise. That of samples of posteriors: of a number that the model does not use, the mean hardly
                varies, and divided by that little its noise would be all that a bridge sees.
        """
        scale = np.where(are_constant(mean, variance), 1.0, np.sqrt(variance))
        return cls(mean.astype(np.float32), scale.astype(np.float32))

    @property
    def size(self) -> int:
        """Numbers of a latent."""
        return len(self.shift)

    def apply(self, z: Any) -> Any:
        """Standardises latents, an array or a tensor [batch, latent_dim]."""
        return (z - self.shift) / self.scale

    def undo(self, z: Any) -> Any:
        """Gives standardised latents their own scale, the inverse of `apply`."""
        return z * self.scale + self.shift

    def save(self, path: Path) -> None:
        """Writes an npz file."""
        files.write_npz(path, {"shift": self.shift, "scale": self.scale}, compress=False)

    @classmethod
    def load(cls, path: Path, size: int) -> Standardisation:
        """Reads what `save` wrote.

        Raises:
            ValueError: The file is missing or damaged, or for latents of another size.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                loaded = cls(*(arrays[name].astype(np.float32) for name in ("shift", "scale")))
        except FileNotFoundError:
            raise ValueError(f"{path} is missing.") from None
        except Exception as error:  # Damaged zip files raise many kinds of exceptions.
            raise ValueError(f"{path} holds no standardisation of latents, or is damaged ({error}).") from None
        fits = loaded.shift.shape == loaded.scale.shape == (size,)
        finite = np.isfinite([loaded.shift, loaded.scale]).all() if fits else False
        if not finite or (loaded.scale <= 0).any():
            raise ValueError(f"{path} holds no standardisation of latents of {size} numbers.")
        return loaded


def are_constant(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Which numbers of a latent do not change, by their moments, booleans [latent_dim]."""
    return np.sqrt(variance) <= np.maximum(_LEAST_DEVIATION * np.abs(mean), _LEAST)
