"""Pix2Pix between images, MNIST and Fashion-MNIST unless told otherwise (paper, Table 1)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import baseline

MODES = ("best", "wide", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    config = baseline("pix2pix", mode, MODES, batch_size=32)
    # Losses are the original's (Isola et al. 2017), patches those of its 16 by 16 pixels. Its learning rate of 2e-4
    # and its dropout of 0.5 were worse on the validation split.
    config.model.dropout = 0.0
    if mode != "wide":
        config.model.update(filters=32, discriminator_filters=32)
    config.learning_rate = 1e-3
    config.num_steps = {"best": 3_000, "wide": 50_000, "quick": 100}[mode]
    return config
