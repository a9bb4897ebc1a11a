"""CycleGAN between images, MNIST and Fashion-MNIST unless told (paper, Table 1)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import baseline


def get_config(mode: str = "best") -> ConfigDict:
    config = baseline("cyclegan", mode, ("best", "wide", "quick"))
    # Losses, pool and optimizer are the original's (Zhu et al., 2017); its patches of 70 by 70 pixels are of
    # larger images, and 34 by 34 see these whole.
    config.model = ConfigDict(
        {
            "filters": 64 if mode == "wide" else 32,
            "num_blocks": 6 if mode == "wide" else 4,
            "groups": -1,
            "discriminator_filters": 64 if mode == "wide" else 32,
            "discriminator_layers": 2,
            "spectral_normalization": False,
            "beta_cycle": 10.0,
            "beta_identity": 5.0,
            "pool_size": 50,
        }
    )
    config.batch_size = 8
    config.num_steps = {"best": 5_000, "wide": 100_000, "quick": 40}[mode]
    return config
