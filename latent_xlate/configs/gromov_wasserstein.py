"""A linear map between latents of two models of one data set, found without a label (the two VAEs of MNIST)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    return latent_baseline("gromov_wasserstein", mode, MODES, domains=("mnist", "mnist_b"))
