"""CycleGAN between latents, of MNIST and Fashion-MNIST unless told otherwise (paper, Table 1, Figure 11)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import latent_baseline

MODES = ("best", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    # The paper finds that the model learns the identity loss without being told.
    num_steps = 1_000 if mode == "quick" else 4_000
    return latent_baseline("latent_cyclegan", mode, MODES, batch_size=128, num_steps=num_steps)
