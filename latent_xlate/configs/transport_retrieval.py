"""The training latent of the target nearest to where Gaussian transport leads (MNIST, Fashion-MNIST)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    return latent_baseline("transport_retrieval", mode, MODES)
