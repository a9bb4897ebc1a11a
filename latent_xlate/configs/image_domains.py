"""One bridge over all three image domains."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import image_bridge


def get_config(mode: str = "best") -> ConfigDict:
    return image_bridge(["mnist", "mnist_b", "fashion_mnist"], mode)
