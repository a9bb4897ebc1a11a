"""Latents of labelled instances of a domain, and their files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latent_xlate import checks, files
from latent_xlate.data import array_files, disk_arrays
from latent_xlate.data.labelled import UNLABELLED

_FIELDS = ("mu", "sigma", "labels")


@dataclasses.dataclass(frozen=True)
class Latents:
    """Posteriors of labelled instances of a domain.

    Attributes:
        mu: Means, float32 [n, latent_dim]; for a model without an encoder, the latents themselves. Large ones that are
            stored uncompressed lie on disk, as maps.
        sigma: Standard deviations, float32 [n, latent_dim]; zero for a model without an encoder.
        labels: int32 [n], -1 where unlabelled.
    """

    mu: np.ndarray
    sigma: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.mu.ndim != 2 or self.mu.shape != self.sigma.shape or self.labels.shape != self.mu.shape[:1]:
            raise ValueError(
                f"mu {self.mu.shape}, sigma {self.sigma.shape} and labels {self.labels.shape} must be "
                "[n, latent_dim], [n, latent_dim] and [n]."
            )
        if not self.on_disk:  # Those have been checked when they were opened.
            _check_finite(self)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def on_disk(self) -> bool:
        """Whether mu is read from disk as it is used."""
        return isinstance(self.mu, np.memmap)

    def take(self, indices: np.ndarray | slice) -> Latents:
        """The instances at `indices`: integers, booleans [n] or a slice; in memory unless that is a slice or all."""
        if isinstance(indices, np.ndarray) and indices.dtype == bool and indices.all():
            return self
        return Latents(self.mu[indices], self.sigma[indices], self.labels[indices])

    @classmethod
    def concatenated(cls, parts: Sequence[Latents]) -> Latents:
        """All instances of several, in their order."""
        arrays = zip(*((part.mu, part.sigma, part.labels) for part in parts), strict=True)
        return cls(*map(np.concatenate, arrays))

    def with_labels_of(self, indices: np.ndarray) -> Latents:
        """The same instances, of which only those at `indices` keep their labels."""
        labels = np.full_like(self.labels, UNLABELLED)
        labels[indices] = self.labels[indices]
        return Latents(self.mu, self.sigma, labels)

    def save(self, path: str | os.PathLike) -> None:
        """Writes a compressed npz file, mu and sigma as float16."""
        arrays = {
            "mu": self.mu.astype(np.float16),
            "sigma": self.sigma.astype(np.float16),
            "labels": self.labels.astype(np.int16),
        }
        files.write_npz(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Latents:
        """Reads a file that `save` wrote.

        Raises:
            ValueError: The file is missing, damaged or not one of latents.
        """
        try:
            names = array_files.array_names(Path(path))
            arrays = {name: array_files.open_array(Path(path), name) for name in _FIELDS if name in names}
            mu = _as_float32(arrays["mu"])
            sigma = _as_float32(arrays["sigma"]) if "sigma" in arrays else no_sigma(mu)
            latents = cls(mu, sigma, arrays["labels"].astype(np.int32))
            _check_finite(latents)
            return latents
        except FileNotFoundError:
            raise ValueError(f"There is no file of latents {path}.") from None
        except Exception as error:  # Foreign arrays may raise anything.
            raise ValueError(f"{path} is not a file of latents, or damaged ({error}).") from None


def no_sigma(mu: np.ndarray) -> np.ndarray:
    """A sigma of zero for each number of mu, which takes no memory."""
    return np.broadcast_to(np.float32(0), mu.shape)


def _as_float32(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.float32 else array.astype(np.float32)


def _check_finite(latents: Latents) -> None:
    for name in ("mu", "sigma"):
        array = getattr(latents, name)
        for rows in array_files.in_blocks(len(array), 4 * array.shape[1]):
            checks.finite(disk_arrays.rows(array, rows) if latents.on_disk else array[rows], name)
