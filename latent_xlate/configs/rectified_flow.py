"""A rectified flow between latents, given their class; of MNIST and Fashion-MNIST unless told otherwise."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    num_steps = 1_000 if mode == "quick" else 10_000
    settings = {"num_steps": num_steps, "batch_size": 256, "learning_rate": 1e-3, "beta_1": 0.9}
    return latent_baseline("rectified_flow", mode, MODES, **settings)
