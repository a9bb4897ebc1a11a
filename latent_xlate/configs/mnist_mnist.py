"""MNIST to a second VAE of MNIST, trained from another seed (paper, section 4.1)."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.image_bridge(["mnist", "mnist_b"], mode)
