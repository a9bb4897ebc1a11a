"""Optimal transport between Gaussians fitted to the latents of each class (MNIST, Fashion-MNIST)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    return latent_baseline("gaussian_transport", mode, MODES)
