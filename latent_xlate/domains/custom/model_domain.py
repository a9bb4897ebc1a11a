"""A domain made of three functions of any model: `encode`, `decode` and `classify`."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.custom.layouts import Layout, modality_of
from latent_xlate.domains.custom.model_description import Function
from latent_xlate.domains.custom.model_outputs import SIGMA_KINDS, Key, chosen
from latent_xlate.domains.custom.shared_judge import SharedJudge, resized_data
from latent_xlate.domains.domain import DOMAIN_FILE, Domain
from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.modality import Modality

_MIN_PROBABILITY = 1e-30

_JUDGE = "judge"
"""Subfolder of a domain's folder that holds the domain whose judge it shares."""


class ModelDomain(Domain):
    """The base class of domains made from a user's own models.

    `encode` returns mu (of a plain autoencoder, the latent itself), or mu and sigma, or mu and the logarithm of the
    variance. A third output, such as a sample, is ignored. `model_outputs` says which output is which. A latent of
    several axes is flattened.
    `classify` returns logits or probabilities. `describe` recognises probabilities by their sum, which is 1.

    Attributes:
        model_shape: Shape of one x as the functions take and return it; it has as many values as `data_shape`.
        latent_shape: Shape of one latent as the functions take and return it; it has `latent_dim` values.
        sigma_kind: Meaning of the second output of `encode`, if there is one; one of `SIGMA_KINDS`.
        outputs: By function, the keys of its outputs that count (`model_outputs.chosen`).
        layout: How the data of the functions differ from x.
        shared_judge: The judge of another domain, in the place of one of its own; None for none.
    """

    batch_size = 64

    shared_judge: SharedJudge | None = None

    def __init__(
        self,
        name: str,
        *,
        model_shape: Sequence[int],
        latent_shape: Sequence[int],
        modality: Modality,
        class_names: Sequence[str] = (),
        sigma_kind: str = SIGMA_KINDS[0],
        probabilities: bool = False,
        has_prior: bool = True,
        shift: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        dataset: str | None = None,
        outputs: Mapping[str, Sequence[Key]] | None = None,
        channels_first: bool = False,
        value_range: Sequence[float] | None = None,
    ):
        """Sets the attributes. `describe` finds out those that depend on the model.

        Args:
            name: Lower-case letters, digits, underscores.
            model_shape: See the class.
            latent_shape: See the class.
            modality: The kind of data.
            class_names: By label; may be empty.
            sigma_kind: See the class.
            probabilities: Whether `classify` returns probabilities rather than logits.
            has_prior: Whether latents follow a standard normal prior, as those of a VAE or a GAN should.
            shift: Number subtracted from each component of the model's latents, [latent_dim]; None for 0. See
                `standardise`.
            scale: Number by which the difference is divided, [latent_dim]; None for 1.
            dataset: Name of the data set that the models were trained on; None for `name`.
            outputs: See the class; None for those that early versions took.
            channels_first: Whether the model's pictures are [channels, height, width], as those of PyTorch, or its
                sounds [channels, samples].
            value_range: What the limits of the modality are in the model's data, (-1, 1) say; None for the same.

        Raises:
            ValueError: A bad name, shape, `sigma_kind` or `value_range`.
        """
        super().__init__(name, modality, tuple(class_names), dataset)
        self.model_shape, self.latent_shape = tuple(model_shape), tuple(latent_shape)
        if math.prod(self.data_shape) != math.prod(self.model_shape):
            raise ValueError(
                f"Data of shape {list(self.data_shape)} have not as many values as the model's data, which have shape "
                f"{list(self.model_shape)}: give a data_shape of as many values."
            )
        self.sigma_kind = checks.known(sigma_kind, SIGMA_KINDS, "sigma_kind")
        self.probabilities = probabilities
        self.has_prior = has_prior
        self.shift = np.array([0.0] if shift is None else shift, np.float32)
        self.scale = np.array([1.0] if scale is None else scale, np.float32)
        self.outputs = {name: list(keys) for name, keys in (outputs or {}).items()}
        self.layout = Layout(channels_first, value_range, self.modality)

    @abc.abstractmethod
    def function(self, name: str) -> Function | None:
        """Returns the model's function "encode", "decode", "classify" or "features", or None if it has no such."""

    def standardise(self, x: np.ndarray) -> None:
        """Shifts and scales the latents to mean 0 and standard deviation 1 over data, float32 [n, *data_shape].

        The latents of an autoencoder may have any range, and a bridge learns best from values of order 1.
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
            for output in self._chosen("encode", function(self._to_model(x)))[:2]
        ]
        mu = (mu - self.shift) / self.scale
        if not rest:
            return mu, tf.zeros_like(mu)
        sigma = rest[0] if self.sigma_kind == "sigma" else tf.exp(rest[0] / 2)
        return mu, sigma / self.scale

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        return self.modality.clip(self.decode_unclipped(z))

    def decode_unclipped(self, z: tf.Tensor) -> tf.Tensor:
        """What the model makes of latents, [batch, *data_shape], before `decode` clips it to the modality's limits."""
        function = self.function("decode")
        assert function is not None
        z = z * self.scale + self.shift
        x = self._chosen("decode", function(tf.reshape(z, [-1, *self.latent_shape])))[0]
        x = self.layout.from_model(tf.reshape(tf.cast(x, tf.float32), [-1, *self.model_shape]))
        return tf.reshape(x, [-1, *self.data_shape])

    def share_judge(self, domain: Domain) -> None:
        """Takes the judge of another domain, of pictures of any size or of the same data; ValueError if none fits."""
        self.shared_judge = SharedJudge(domain, self.modality)
        self.has_classifier = True

    def classify(self, x: tf.Tensor) -> tf.Tensor:
        if self.shared_judge is not None:
            return self.shared_judge.judge(x)[0]
        function = self.function("classify")
        if function is None:
            return super().classify(x)
        outputs = tf.cast(self._chosen("classify", function(self._to_model(x)))[0], tf.float32)
        return tf.math.log(tf.maximum(outputs, _MIN_PROBABILITY)) if self.probabilities else outputs

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """The judge's penultimate activations if the model gives access to them, else its logits."""
        if self.shared_judge is not None:
            return self.shared_judge.judge(x)[1]
        function = self.function("features")
        return self.classify(x) if function is None else tf.cast(function(self._to_model(x)), tf.float32)

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return super().judge(x) if self.shared_judge is None else self.shared_judge.judge(x)

    def as_trained(self, data: Labelled) -> Labelled:
        """Resizes pictures of a data set to the model's."""
        return resized_data(data, self.modality)

    def save_models(self, folder: Path, dtype: str) -> None:
        super().save_models(folder, dtype)
        if self.shared_judge is not None:
            self.shared_judge.domain.save(folder / _JUDGE, dtype)

    def load_models(self, folder: Path) -> None:
        super().load_models(folder)
        if (folder / _JUDGE / DOMAIN_FILE).is_file():
            self.share_judge(Domain.load(folder / _JUDGE))

    def _chosen(self, name: str, result: Any) -> list[tf.Tensor]:
        return chosen(result, self.outputs.get(name, ()))

    def _to_model(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(self.layout.to_model(x), [-1, *self.model_shape])

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model_shape": list(self.model_shape),
            "latent_shape": list(self.latent_shape),
            "modality": self.modality.get_config(),
            "class_names": list(self.class_names),
            "sigma_kind": self.sigma_kind,
            "probabilities": self.probabilities,
            "has_prior": self.has_prior,
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
            "dataset": self.dataset,
            "outputs": self.outputs,
            **self.layout.get_config(),
        }


def constructor_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a domain's configuration with its modality built.

    Early versions stored `data_shape` and `invert` in place of `modality`, `spread` in place of `sigma_kind`, and no
    `outputs`.
    """
    config = dict(config)
    if "spread" in config:
        config["sigma_kind"] = config.pop("spread")
    if "modality" in config:
        modality = modalities.from_config(config["modality"])
    else:
        modality = modality_of(config.pop("data_shape"), config.pop("invert"))
    return config | {"modality": modality}
