"""Loads TensorFlow 1 checkpoints of WaveGAN's original code, by the names of their variables."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.domains.speech.wavegan_discriminator import WaveGANDiscriminator
from latent_xlate.domains.speech.wavegan_generator import STRIDES, WaveGANGenerator


def load_tf1_generator(prefix: str | os.PathLike, slice_length: int | None = None) -> WaveGANGenerator:
    """Loads the generator (variables `G/...`) of a WaveGAN checkpoint.

    All sizes are inferred from the shapes of the variables, with one exception: generators of 32768 and of 65536
    samples have the same variables and differ in a stride. A warning names the variables that are not used.

    Args:
        prefix: Common prefix of the checkpoint's files: `model.ckpt-1000` for `model.ckpt-1000.index`.
        slice_length: Number of samples in a slice; None if the checkpoint determines it (16384).

    Returns:
        The built model, in float32.

    Raises:
        ValueError: The checkpoint is missing, damaged or of another model, it fits two slice lengths and
            `slice_length` is None, or it does not fit `slice_length`.
    """
    checkpoint = _Checkpoint(prefix, "generator")
    num_layers = checkpoint.count("G/upconv_{}/conv2d_transpose/kernel")
    latent_dim, _ = checkpoint.shape("G/z_project/dense/kernel", axes=2)
    _, kernel_length, _, dim = checkpoint.shape(f"G/upconv_{num_layers - 1}/conv2d_transpose/kernel", axes=4)
    (channels,) = checkpoint.shape(f"G/upconv_{num_layers - 1}/conv2d_transpose/bias", axes=1)
    post_filter = "G/pp_filt/conv1d/kernel"
    model = WaveGANGenerator(
        latent_dim=latent_dim,
        dim=dim,
        channels=channels,
        slice_length=checkpoint.slice_length(num_layers, slice_length),
        kernel_length=kernel_length,
        batch_norm=checkpoint.has_batch_norm("G/"),
        filter_length=checkpoint.shape(post_filter, axes=3)[0] if post_filter in checkpoint.shapes else 0,
    )
    model.build()
    layers = {"G/z_project/dense": model.z_project}
    layers |= {f"G/upconv_{i}/conv2d_transpose": layer for i, layer in enumerate([*model.upconvs, model.waveform])}
    if model.batch_norm:
        scopes = ["z_project", *(f"upconv_{i}" for i in range(num_layers - 1))]
        layers |= {f"G/{scope}/batch_normalization": norm for scope, norm in zip(scopes, model.norms, strict=True)}
    if model.post_filter:
        layers["G/pp_filt/conv1d"] = model.post_filter
    checkpoint.load(layers)
    return model


def load_tf1_discriminator(
    prefix: str | os.PathLike, slice_length: int | None = None, phase_shuffle: int = 2
) -> WaveGANDiscriminator:
    """Loads the discriminator (variables `D/...`) of a WaveGAN checkpoint.

    Args:
        prefix: As in `load_tf1_generator`.
        slice_length: As in `load_tf1_generator`.
        phase_shuffle: Radius of the phase shuffle, which the checkpoint does not determine.

    Returns:
        The built model, in float32.

    Raises:
        ValueError: As in `load_tf1_generator`.
    """
    checkpoint = _Checkpoint(prefix, "discriminator")
    num_layers = checkpoint.count("D/downconv_{}/conv1d/kernel")
    kernel_length, channels, dim = checkpoint.shape("D/downconv_0/conv1d/kernel", axes=3)
    model = WaveGANDiscriminator(
        dim=dim,
        channels=channels,
        slice_length=checkpoint.slice_length(num_layers, slice_length),
        kernel_length=kernel_length,
        batch_norm=checkpoint.has_batch_norm("D/"),
        phase_shuffle=phase_shuffle,
    )
    model.build()
    layers = {f"D/downconv_{i}/conv1d": layer for i, layer in enumerate(model.downconvs)}
    if model.batch_norm:
        layers |= {f"D/downconv_{i}/batch_normalization": model.norms[i] for i in range(1, num_layers)}
    checkpoint.load(layers | {"D/output/dense": model.score})
    return model


def load_tf1_classifier(prefix: str | os.PathLike) -> SpeechClassifier:
    """Loads the speech classifier (variables `classifier/...`) that was released with WaveGAN.

    Args:
        prefix: As in `load_tf1_generator`.

    Returns:
        The built model, in float32.

    Raises:
        ValueError: The checkpoint is missing, damaged or of another model.
    """
    checkpoint = _Checkpoint(prefix, "speech classifier")
    (filters,) = checkpoint.shape("classifier/conv2d/bias", axes=1)
    (num_classes,) = checkpoint.shape("classifier/dense/bias", axes=1)
    model = SpeechClassifier(num_classes, filters)
    model.build()
    layers = {"classifier/dense": model.logits}
    for scope, group in (("batch_normalization", model.norms), ("conv2d", model.convs)):
        layers |= {f"classifier/{scope}{f'_{i}' if i else ''}": layer for i, layer in enumerate(group)}
    checkpoint.load(layers)
    return model


class _Checkpoint:
    """A TensorFlow 1 checkpoint from which a model of a given kind is loaded."""

    def __init__(self, prefix: str | os.PathLike, kind: str):
        self.prefix = os.fspath(prefix)
        self.kind = kind
        if not Path(f"{self.prefix}.index").is_file():
            raise ValueError(
                f"There is no checkpoint {self.prefix}: no file {self.prefix}.index. "
                "Give the common prefix of its files' names, such as model.ckpt-1000."
            )
        try:
            self.reader = tf.train.load_checkpoint(self.prefix)
            self.shapes: dict[str, list[int]] = self.reader.get_variable_to_shape_map()
        except Exception as error:  # Whatever TensorFlow may raise over a damaged file.
            raise self.damaged(error) from None

    def damaged(self, error: Exception) -> ValueError:
        """The error to raise for an error of TensorFlow's reader."""
        return ValueError(
            f"Checkpoint {self.prefix} is damaged or incomplete ({checks.reason(error)}): copy its files again."
        )

    def foreign(self, reason: str) -> ValueError:
        """The error to raise for a checkpoint of another model."""
        return ValueError(f"Checkpoint {self.prefix} does not hold a WaveGAN {self.kind}: {reason}.")

    def shape(self, name: str, axes: int) -> list[int]:
        """Shape of the variable `name`; ValueError if it is missing or has another number of axes."""
        if name not in self.shapes:
            raise self.foreign(f"it has no variable {name}")
        if len(self.shapes[name]) != axes:
            raise self.foreign(f"its {name} has shape {self.shapes[name]}")
        return self.shapes[name]

    def count(self, name: str) -> int:
        """Number of layers: of the variables `name.format(0)`, `name.format(1)`, ... until one is missing."""
        number = next(i for i in itertools.count() if name.format(i) not in self.shapes)
        if number not in map(len, STRIDES.values()):
            raise self.foreign(f"it has {number} layers like {name.format(0)}, which has 5 or 6")
        return number

    def has_batch_norm(self, scope: str) -> bool:
        """Whether there is batch norm in a scope, also in the places of early versions, which `load` refuses."""
        return any(name.startswith(scope) and "/batch_normalization/" in name for name in self.shapes)

    def slice_length(self, num_layers: int, wanted: int | None) -> int:
        """The slice length that fits the number of layers and, unless it is None, equals `wanted`."""
        lengths = [length for length, strides in STRIDES.items() if len(strides) == num_layers]
        text = " or ".join(map(str, lengths))
        if wanted is None and len(lengths) > 1:
            raise ValueError(f"Checkpoint {self.prefix} fits slices of {text} samples alike: set slice_length.")
        if wanted is not None and wanted not in lengths:
            raise ValueError(f"Checkpoint {self.prefix} makes slices of {text} samples; slice_length is {wanted}.")
        return wanted or lengths[0]

    def load(self, layers: Mapping[str, keras.layers.Layer]) -> None:
        """Sets the variables of layers by their scopes, and warns of variables in no scope."""
        used = {name for scope, layer in layers.items() for name in self._load_layer(scope, layer)}
        unused = self.shapes.keys() - used
        if unused:
            # Stack level 3 is the caller of `load_tf1_generator` and its like.
            warnings.warn(f"Checkpoint {self.prefix}: not used are {self._summary(unused)}.", stacklevel=3)

    def _load_layer(self, scope: str, layer: keras.layers.Layer) -> list[str]:
        # Keras and TensorFlow 1 name the variables of a layer alike.
        variables = {f"{scope}/{variable.name}": variable for variable in layer.weights}
        for name, variable in variables.items():
            shape = list(variable.shape)
            if name.endswith("conv2d_transpose/kernel"):
                shape = [1, *shape]  # The original convolves images of height 1.
            if self.shape(name, len(shape)) != shape:
                raise self.foreign(f"its {name} has shape {self.shapes[name]}, not {shape}")
            variable.assign(np.reshape(self._read(name), variable.shape))
        return list(variables)

    def _read(self, name: str) -> np.ndarray:
        try:
            return self.reader.get_tensor(name)
        except Exception as error:  # Whatever TensorFlow may raise over a damaged file.
            raise self.damaged(error) from None

    def _summary(self, unused: set[str]) -> str:
        """Names of unused variables; optimizer slots and variables of the other network are only counted."""
        slots = {name for name in unused if name.rpartition("/")[0] in self.shapes}
        parts = []
        if slots:
            kinds = sorted({name.rpartition("/")[2] for name in slots})
            parts.append(f"{len(slots)} slots of optimizers ({', '.join(kinds)})")
        other = {"generator": "D/", "discriminator": "G/"}.get(self.kind)
        others = {name for name in unused - slots if other and name.startswith(other)}
        if others:
            parts.append(f"{len(others)} variables {other}...")
        return ", ".join(sorted(unused - slots - others) + parts)
