"""The class of a latent, and any training latent of the target of that class (MNIST, Fashion-MNIST)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    return latent_baseline("classify_and_draw", mode, MODES)
