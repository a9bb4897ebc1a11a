"""An affine map between latents, by least squares on pairs of one class (MNIST, Fashion-MNIST)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    return latent_baseline("affine", mode, MODES)
