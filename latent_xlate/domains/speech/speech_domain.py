"""Speech as a domain: a WaveGAN, a judge and optionally an encoder; it reads sound files and writes WAV files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, checks
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.speech.keyword_spotter import KeywordSpotter
from latent_xlate.domains.speech.latent_mixture import LatentMixture
from latent_xlate.domains.speech.priors import PRIORS, sample_prior
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.domains.speech.word_encoder import WordEncoder
from latent_xlate.modalities import alignment
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.audio_files import NUM_SAMPLES


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SpeechDomain(Domain):
    """Mono speech of 1.024 seconds at 16 kHz.

    Example:
        domain = SpeechDomain("spoken_digit", generator, classifier, encoder, class_names=["zero", "one"])
        wav = domain.write(domain.decode(domain.sample_prior(4)))
    """

    modality: Audio
    batch_size = 64

    def __init__(
        self,
        name: str,
        generator: WaveGANGenerator,
        classifier: SpeechClassifier | KeywordSpotter | None = None,
        encoder: SpeechEncoder | WordEncoder | None = None,
        class_names: tuple[str, ...] = (),
        prior: str = "uniform",
        align: bool = False,
        dataset: str | None = None,
        mixture: LatentMixture | None = None,
        gain: float = 1.0,
    ):
        """Makes the domain.

        Args:
            name: Lower-case letters, digits and underscores.
            generator: The decoder; it generates one channel of NUM_SAMPLES samples.
            classifier: The judge; None if there is no judge.
            encoder: The encoder; None if there is no encoder, as for a plain GAN.
            class_names: Names of the classes, by label.
            prior: Prior of the generator, "uniform" on [-1, 1] or "normal".
            align: Whether recordings are aligned when they are read; it must be as in the models' training.
            dataset: Name of the data set that the models were trained on; None for `name`.
            mixture: Distribution that replaces the prior in sampling; None for the prior.
            gain: Factor of the generator's sounds, above 0.

        Raises:
            ValueError: A bad name, prior or gain, a generator of other sounds, or an encoder or a mixture of latents of
                another size.
        """
        super().__init__(name, Audio(align=align), class_names, dataset)
        if (generator.slice_length, generator.channels) != (NUM_SAMPLES, 1):
            raise ValueError(
                f"The generator makes {generator.slice_length} samples of {generator.channels} channels; "
                f"a domain of speech has {NUM_SAMPLES} of one."
            )
        for what, network in (("encoder", encoder), ("mixture", mixture)):
            if network is not None and network.latent_dim != generator.latent_dim:
                raise ValueError(
                    f"The {what}'s latents are {network.latent_dim} wide, the generator's {generator.latent_dim}: "
                    "they must agree."
                )
        self.generator = generator
        self.classifier = classifier
        self.encoder = encoder
        self.mixture = mixture
        self.has_classifier = classifier is not None
        self.has_encoder = encoder is not None
        self.prior = checks.known(prior, PRIORS, "prior")
        if not gain > 0:
            raise ValueError(f"gain is {gain}; it must be above 0.")
        self.gain = gain

    @property
    def latent_dim(self) -> int:
        return self.generator.latent_dim

    @property
    def networks(self) -> dict[str, keras.Model]:
        networks = {
            "generator": self.generator,
            "classifier": self.classifier,
            "encoder": self.encoder,
            "mixture": self.mixture,
        }
        return {name: network for name, network in networks.items() if network is not None}

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return super().encode(x) if self.encoder is None else self.encoder(x)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(self.gain * self.generator(z)[..., 0], -1.0, 1.0)

    def classify(self, x: tf.Tensor) -> tf.Tensor:
        return super().classify(x) if self.classifier is None else self.classifier(x)

    def features(self, x: tf.Tensor) -> tf.Tensor:
        return super().features(x) if self.classifier is None else self.classifier.features(x)

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return super().judge(x) if self.classifier is None else self.classifier.judge(x)

    def sample_prior(self, num_samples: int, seed: int = 0) -> tf.Tensor:
        return self.draw(num_samples, tf.constant([seed, 0]))

    def draw(self, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Draws z, [num_samples, latent_dim], as `sample_prior` does, in graph; `seed` is int32 [2]."""
        if self.mixture is not None:
            return self.mixture.sample(num_samples, seed)
        return sample_prior(self.prior, (num_samples, self.latent_dim), seed)

    def as_trained(self, data: Labelled) -> Labelled:
        return data.with_content(alignment.align(data.content)) if self.modality.align else data

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            **{name: _network_config(name, network) for name, network in self.networks.items()},
            "class_names": list(self.class_names),
            "prior": self.prior,
            "align": self.modality.align,
            "dataset": self.dataset,
            "gain": self.gain,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SpeechDomain:
        networks = {name: _make_network(name, config[name]) for name in _NETWORKS if name in config}
        return cls(**(config | networks))


_NETWORKS: Mapping[str, tuple[type[keras.Model], ...]] = {
    "generator": (WaveGANGenerator,),
    "classifier": (SpeechClassifier, KeywordSpotter),
    "encoder": (SpeechEncoder, WordEncoder),
    "mixture": (LatentMixture,),
}
"""The classes of each network, first the one that descriptions mean which name none."""


def _network_config(name: str, network: keras.Model) -> dict[str, Any]:
    """The configuration of a network, with the name of its class where it is not the first."""
    kind = type(network)
    return ({} if kind is _NETWORKS[name][0] else {"kind": kind.__name__}) | network.get_config()


def _make_network(name: str, config: Mapping[str, Any]) -> Any:
    """Makes and builds the network of a configuration."""
    first, *_ = kinds = _NETWORKS[name]
    config = dict(config)
    kind = config.pop("kind", first.__name__)
    network = next(each for each in kinds if each.__name__ == kind).from_config(config)
    network.build()
    return network
