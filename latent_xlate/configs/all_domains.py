"""One bridge over MNIST, Fashion-MNIST and spoken digits, any to any."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.sound_bridge(["mnist", "fashion_mnist"], ["spoken_digit"], mode)
