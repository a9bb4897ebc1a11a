"""A domain made of functions that a model of any make has: `encode`, `decode` and `classify`."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.checks import reason
from latent_xlate.domains.domain import Domain
from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.modalities.modality import Modality

SPREADS = ("sigma", "log_variance")
"""What the second output of an encoder may be."""

Function = Callable[[tf.Tensor], Any]

_LEAST_PROBABILITY = 1e-30


class ModelDomain(Domain):
    """What domains of others' models have in common: shapes, and what the functions' outputs mean.

    `encode` gives mu, of an autoencoder the latent itself, or mu and sigma, or mu and the logarithm of the
    variance; a third output, such as a sample, is not looked at. A latent of several axes is laid flat.
    `classify` gives logits, or probabilities, which are told by their adding up to 1.

    Attributes:
        model_shape: Shape of one x as the functions take and give it; `data_shape` has as many values.
        latent_shape: Shape of one latent, likewise.
        spread: One of `SPREADS`.
    """

    batch_size = 64

    def __init__(
        self,
        name: str,
        *,
        model_shape: Sequence[int],
        latent_shape: Sequence[int],
        modality: Modality,
        class_names: Sequence[str] = (),
        spread: str = SPREADS[0],
        probabilities: bool = False,
        has_prior: bool = True,
        shift: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        dataset: str | None = None,
    ):
        """Sets the attributes, whose truth `describe` can find out.

        Args:
            name: Lower-case letters, digits, underscores.
            model_shape: See the class.
            latent_shape: See the class.
            modality: The kind of data.
            class_names: By label; may be empty.
            spread: See the class.
            probabilities: Whether `classify` gives these.
            has_prior: Whether latents are standard normal, as those of a VAE or a GAN are meant to be.
            shift: Of each of a latent's values, what is taken off it; None for nothing. See `standardise`.
            scale: What that is then divided by; None for 1.
            dataset: Name of the data set that the models were trained on; None for `name`.

        Raises:
            ValueError: A bad name, shape or `spread`.
        """
        super().__init__(name, modality, tuple(class_names), dataset)
        self.model_shape, self.latent_shape = tuple(model_shape), tuple(latent_shape)
        if math.prod(self.data_shape) != math.prod(self.model_shape):
            raise ValueError(
                f"Data of shape {list(self.data_shape)} have not as many values as the model's, "
                f"{list(self.model_shape)}."
            )
        self.spread = checks.known(spread, SPREADS, "spread")
        self.probabilities = probabilities
        self.has_prior = has_prior
        self.shift = np.array([0.0] if shift is None else shift, np.float32)
        self.scale = np.array([1.0] if scale is None else scale, np.float32)

    @abc.abstractmethod
    def function(self, name: str) -> Function | None:
        """The model's function "encode", "decode", "classify" or "features", or None where it has none."""

    def standardise(self, x: np.ndarray) -> None:
        """Brings latents to mean 0 and standard deviation 1 over some data, [n, *data_shape].

        An autoencoder's may lie anywhere, and a bridge learns best what is of the size of 1.
        """
        encode = as_graph(self.encode)
        mu, _ = in_batches(encode, x, batch_size=self.batch_size)
        deviation = mu.std(axis=0)
        shift, scale = self.shift, self.scale
        self.shift = shift + scale * mu.mean(axis=0)
        self.scale = scale * np.where(deviation > 0, deviation, 1).astype(np.float32)

    @property
    def latent_dim(self) -> int:
        return math.prod(self.latent_shape)

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        function = self.function("encode")
        if function is None:
            return super().encode(x)
        mu, *rest = [
            tf.reshape(tf.cast(output, tf.float32), [-1, self.latent_dim])
            for output in outputs_of(function(self._to_model(x)))[:2]
        ]
        mu = (mu - self.shift) / self.scale
        if not rest:
            return mu, tf.zeros_like(mu)
        sigma = rest[0] if self.spread == "sigma" else tf.exp(rest[0] / 2)
        return mu, sigma / self.scale

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        function = self.function("decode")
        assert function is not None
        z = z * self.scale + self.shift
        x = outputs_of(function(tf.reshape(z, [-1, *self.latent_shape])))[0]
        x = tf.reshape(tf.cast(x, tf.float32), [-1, *self.data_shape])
        return self.modality.clip(x)

    def classify(self, x: tf.Tensor) -> tf.Tensor:
        function = self.function("classify")
        if function is None:
            return super().classify(x)
        outputs = tf.cast(outputs_of(function(self._to_model(x)))[0], tf.float32)
        return tf.math.log(tf.maximum(outputs, _LEAST_PROBABILITY)) if self.probabilities else outputs

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """The judge's penultimate activations, where they can be had, else its logits."""
        function = self.function("features")
        return self.classify(x) if function is None else tf.cast(function(self._to_model(x)), tf.float32)

    def _to_model(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(x, [-1, *self.model_shape])

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model_shape": list(self.model_shape),
            "latent_shape": list(self.latent_shape),
            "modality": self.modality.get_config(),
            "class_names": list(self.class_names),
            "spread": self.spread,
            "probabilities": self.probabilities,
            "has_prior": self.has_prior,
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
            "dataset": self.dataset,
        }


def outputs_of(result: Any) -> list[tf.Tensor]:
    """What a function returned, as a list: mu before sigma, by whatever names, if it is a mapping."""
    if isinstance(result, Mapping):
        if {"mu", "sigma"} <= result.keys():
            return [result["mu"], result["sigma"]]
        return [result[key] for key in sorted(result)]
    return list(result) if isinstance(result, (list, tuple)) else [result]


def restored_modality(config: Mapping[str, Any]) -> dict[str, Any]:
    """A domain's configuration with its modality made, which early ones told by `data_shape` and `invert`."""
    config = dict(config)
    if "modality" in config:
        modality = modalities.from_config(config["modality"])
    else:
        modality = modality_of(config.pop("data_shape"), config.pop("invert"))
    return config | {"modality": modality}


def modality_of(shape: Sequence[int], invert: str = "auto") -> Modality:
    """The modality of data of a shape that tells it.

    Args:
        shape: (height, width, 1 or 3) of pictures in [0, 1], (NUM_SAMPLES,) of sounds in [-1, 1].
        invert: Of pictures, one of `image_files.INVERT`.

    Raises:
        ValueError: Any other shape, or unknown `invert`.
    """
    modality = modalities.of_shape(shape)
    if modality is None:
        raise ValueError(
            f"Data of shape {list(shape)} are neither pictures (height, width, 1 or 3 channels) nor sounds "
            f"({NUM_SAMPLES} samples): say by data_shape what they are, of as many values, or give their modality."
        )
    return modality.with_settings(invert=invert)


def describe(
    functions: Mapping[str, Function],
    latent_shape: Sequence[int | None],
    *,
    data_shape: Sequence[int] | None = None,
    modality: Modality | None = None,
    invert: str = "auto",
    spread: str = SPREADS[0],
) -> dict[str, Any]:
    """Finds out by calling the functions what a `ModelDomain` has to know of them.

    Args:
        functions: "decode", and, where there are such, "encode" and "classify".
        latent_shape: Shape of one latent.
        data_shape: Shape of one x; None where that of the decoder's output says it.
        modality: The kind of data; None where their shape tells it, see `modality_of`.
        invert: Of pictures, one of `image_files.INVERT`.
        spread: One of `SPREADS`.

    Returns:
        `model_shape`, `latent_shape`, `modality`, `spread`, `probabilities` and `has_prior`.

    Raises:
        ValueError: A function that fails, or gives what it should not.
    """
    checks.known(spread, SPREADS, "spread")
    if None in latent_shape:
        raise ValueError("The decoder takes latents of any size: give it an input of a shape that is known.")
    x = _call(functions, "decode", tf.zeros([2, *latent_shape]))[0]
    model_shape = tuple(x.shape[1:])
    if data_shape is None:
        data_shape = model_shape
        if len(model_shape) == 2:  # A sound with its one channel, or a picture without.
            data_shape = model_shape[:1] if model_shape[1] == 1 else (*model_shape, 1)
    has_prior = True
    if "encode" in functions:
        outputs = _call(functions, "encode", x)
        _check_posterior(outputs, latent_shape, spread)
        has_prior = len(outputs) > 1  # A plain autoencoder's latents may lie anywhere.
    probabilities = False
    if "classify" in functions:
        logits = _call(functions, "classify", x)[0]
        if len(logits.shape) != 2:
            raise ValueError(f"classify gives {list(logits.shape)}; it must be [batch, classes].")
        sums = tf.reduce_sum(logits, axis=1)
        probabilities = bool(tf.reduce_all(logits >= 0) and tf.reduce_all(abs(sums - 1) < 1e-3))
    return {
        "model_shape": model_shape,
        "latent_shape": tuple(latent_shape),
        "modality": modality or modality_of(data_shape, invert),
        "spread": spread,
        "probabilities": probabilities,
        "has_prior": has_prior,
    }


def _call(functions, name, x):
    try:
        outputs = outputs_of(functions[name](x))
    except Exception as error:  # Whatever a foreign model may raise.
        raise ValueError(f"{name} cannot be called with {x.dtype.name} {list(x.shape)} ({reason(error)}).") from None
    for output in outputs:
        if not len(output.shape) or output.shape[0] != len(x):
            raise ValueError(f"{name} makes {list(output.shape)} of {list(x.shape)}: it must keep the number of rows.")
    return outputs


def _check_posterior(outputs, latent_shape, spread):
    for output in outputs[:2]:
        if tuple(output.shape[1:]) != tuple(latent_shape):
            raise ValueError(
                f"encode gives latents of shape {list(output.shape[1:])}, and decode takes {list(latent_shape)}."
            )
    if len(outputs) > 1 and spread == "sigma" and bool(tf.reduce_any(outputs[1] < 0)):
        raise ValueError(
            "The second output of encode has values below 0, so that it is no standard deviation: "
            "where it is the logarithm of the variance, give spread=log_variance."
        )
