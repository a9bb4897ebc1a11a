"""MNIST to a second VAE of MNIST, of another seed (paper, section 4.1)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import image_bridge


def get_config(mode: str = "best") -> ConfigDict:
    return image_bridge(["mnist", "mnist_b"], mode)
