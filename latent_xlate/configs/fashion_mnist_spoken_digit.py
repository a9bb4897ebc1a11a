"""Fashion-MNIST and spoken digits, class k to the word for k."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.sound_bridge(["fashion_mnist"], ["spoken_digit"], mode)
