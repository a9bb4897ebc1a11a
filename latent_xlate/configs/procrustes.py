"""An orthogonal map between latents, fitted to the means of the classes (MNIST, Fashion-MNIST)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    return latent_baseline("procrustes", mode, MODES)
