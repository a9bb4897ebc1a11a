"""Pix2Pix between images, MNIST and Fashion-MNIST unless told (paper, Table 1)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import baseline


def get_config(mode: str = "best") -> ConfigDict:
    config = baseline("pix2pix", mode, ("best", "wide", "quick"))
    # Losses are the original's (Isola et al., 2017), patches those of its 16 by 16 pixels. Its learning rate of 2e-4
    # and its dropout of 0.5 were worse on the validation split.
    config.learning_rate = 1e-3
    config.model = ConfigDict(
        {
            "filters": 64 if mode == "wide" else 32,
            "depth": 5,
            "groups": -1,
            "dropout": 0.0,
            "discriminator_filters": 64 if mode == "wide" else 32,
            "discriminator_layers": 1,
            "spectral_normalization": False,
            "beta_l1": 100.0,
        }
    )
    config.batch_size = 32
    config.num_steps = {"best": 3_000, "wide": 50_000, "quick": 100}[mode]
    return config
