"""CycleGAN between images, MNIST and Fashion-MNIST unless told otherwise (paper, Table 1)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import baseline

MODES = ("best", "wide", "quick")


def get_config(mode: str = "best") -> ConfigDict:
    config = baseline("cyclegan", mode, MODES)
    # Losses and pool are the original's (Zhu et al. 2017). Its patches of 70 by 70 pixels are for larger images; 34 by
    # 34 see these whole. Its learning rate of 2e-4 and its weights of 10 and 5 were worse on the validation split.
    config.model.update(beta_cycle=1.0, beta_identity=0.0)
    if mode != "wide":
        config.model.update(filters=16, num_blocks=4, discriminator_filters=32)
    config.learning_rate = 1e-3
    config.num_steps = {"best": 4_000, "wide": 100_000, "quick": 40}[mode]
    return config
