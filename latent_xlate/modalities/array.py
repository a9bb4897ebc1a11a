"""Numeric arrays of any shape as a modality."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.modalities import npy_files
from latent_xlate.modalities.modality import Modality, register


@register
@dataclasses.dataclass(frozen=True)
class Array(Modality):
    """Arrays of finite numbers of any range and of one shape.

    Attributes:
        sizes: Shape of an array.
    """

    kind = "array"
    noun = "array"
    file_suffixes = (npy_files.SUFFIX, ".npz")
    file_suffix = npy_files.SUFFIX

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        """Converts a list, as JSON has it, to a tuple; ValueError if it is no shape."""
        object.__setattr__(self, "sizes", checks.sizes(self.sizes, "The shape of an array"))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.sizes

    def check(self, x: np.ndarray) -> np.ndarray:
        """Returns a user's batch of data as float32, as `Modality.check` does; integers and bools are accepted too."""
        x = np.asarray(x)
        return super().check(x.astype(np.float32) if x.dtype.kind in "biu" else x)

    def is_batch(self, shape: Sequence[int]) -> bool:
        """Whether an array of a shape holds many instances rather than one."""
        return len(shape) == 1 + len(self.shape)

    def prepare(self, path: Path) -> bytes:
        """Reads an npy file, or the array of an npz file, as npy of a form that the graph reads."""
        return npy_files.normalised(super().prepare(path))

    def read(self, files: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda file: npy_files.read_npy(file, self.shape),
            files,
            fn_output_signature=tf.TensorSpec(self.shape, tf.float32),
        )

    def write(self, x: tf.Tensor) -> tf.Tensor:
        """Encodes x as npy files of little-endian float32."""
        return tf.map_fn(
            lambda array: npy_files.write_npy(array, self.shape), x, fn_output_signature=tf.TensorSpec([], tf.string)
        )

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        """Shows arrays as heat maps, from the smallest value of each array (dark) to its largest (bright).

        The last axis runs from left to right, all others from top to bottom. An array with one axis fills a square row
        by row.
        """
        size = math.prod(self.shape)
        columns = self.shape[-1] if len(self.shape) > 1 else math.ceil(math.sqrt(size))
        rows = -(-size // max(columns, 1))
        flat = tf.reshape(x, [-1, size])
        lowest = tf.reduce_min(flat, axis=1, keepdims=True)
        # Halving first keeps the difference of the largest floats finite.
        half_range = tf.maximum(tf.reduce_max(flat, axis=1, keepdims=True) / 2 - lowest / 2, 1e-30)
        heat = tf.pad((flat / 2 - lowest / 2) / half_range, [[0, 0], [0, rows * columns - size]])
        levels = tf.cast(tf.round(255.0 * heat), tf.int32)
        colours = matplotlib.colormaps["viridis"](np.arange(256))[:, :3].astype(np.float32)
        return tf.reshape(tf.gather(colours, levels), [-1, rows, columns, 3])
