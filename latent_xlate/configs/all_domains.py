"""One bridge over MNIST, Fashion-MNIST and spoken digits, any to any."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import sound_bridge


def get_config(mode: str = "best") -> ConfigDict:
    return sound_bridge(["mnist", "fashion_mnist"], ["spoken_digit"], mode)
