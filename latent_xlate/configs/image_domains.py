"""One bridge over all three image domains."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.image_bridge(["mnist", "mnist_b", "fashion_mnist"], mode)
