"""Small untrained models, the same for the same seed, that tests build on."""

from __future__ import annotations

import keras

from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.translator import Translator

CLASS_NAMES = tuple(str(digit) for digit in range(10))


def image_domain(name: str = "digits", latent_dim: int = 6, seed: int = 0, classifier: bool = True) -> ImageDomain:
    """A domain of 28x28 grey images with 16 hidden units a layer."""
    keras.utils.set_random_seed(seed)
    vae = ImageVAE(latent_dim=latent_dim, hidden_units=(16, 16, 16))
    vae.build()
    judge = None
    if classifier:
        judge = ImageClassifier(hidden_units=(16, 16, 16, 16))
        judge.build()
    return ImageDomain(name, vae, judge, CLASS_NAMES)


def bridge(latent_dims: tuple[int, ...] = (6, 6), seed: int = 0, **kwargs) -> BridgingVAE:
    """A built bridge with two hidden layers of 16 units and a shared latent of 3."""
    keras.utils.set_random_seed(seed)
    model = BridgingVAE(latent_dims, **({"shared_dim": 3, "hidden_units": (16, 16), "seed": seed} | kwargs))
    model.build()
    return model


def translator(seed: int = 0) -> Translator:
    """Domains "digits" and "clothes", whose latents differ in size, and a bridge between them."""
    domains = [image_domain("digits", 6, seed), image_domain("clothes", 5, seed + 1)]
    return Translator(domains, bridge((6, 5), seed))


def speech_domain(name: str = "speech", latent_dim: int = 4, seed: int = 0, **options) -> SpeechDomain:
    """A domain of a second of sound, with the narrowest networks; its sounds are neither silent nor clipped."""
    keras.utils.set_random_seed(seed)
    networks = WaveGANGenerator(latent_dim, dim=1), SpeechClassifier(filters=1), SpeechEncoder(latent_dim, dim=1)
    for network in networks:
        network.build()
    networks[0].z_project.kernel.assign(50 * networks[0].z_project.kernel)
    return SpeechDomain(name, *networks, class_names=CLASS_NAMES, **options)
