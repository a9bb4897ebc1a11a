"""Fashion-MNIST and spoken digits, class k to the word for k."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import sound_bridge


def get_config(mode: str = "best") -> ConfigDict:
    return sound_bridge(["fashion_mnist"], ["spoken_digit"], mode)
