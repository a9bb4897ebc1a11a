"""CycleGAN between latents, of MNIST and Fashion-MNIST unless told (paper, Table 1, Figure 11)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import baseline


def get_config(mode: str = "best") -> ConfigDict:
    config = baseline("latent_cyclegan", mode, ("best", "quick"))
    # The paper gives neither sizes nor weights: those of its bridge, and of CycleGAN without the identity
    # loss, which it finds the model to learn without being told.
    config.latents = "shipped" if mode == "quick" else "dataset"
    config.model = ConfigDict(
        {
            "hidden_units": (512, 512, 512, 512),
            "discriminator_units": (512, 512, 512),
            "spectral_normalization": False,
            "beta_cycle": 10.0,
            "beta_identity": 0.0,
            "pool_size": 0,
        }
    )
    config.batch_size = 128
    config.num_steps = {"best": 4_000, "quick": 1_000}[mode]
    return config
