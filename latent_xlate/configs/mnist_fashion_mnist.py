"""MNIST and Fashion-MNIST, digit k to class k (paper, section 4.1 and Table 5)."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.image_bridge(["mnist", "fashion_mnist"], mode)
