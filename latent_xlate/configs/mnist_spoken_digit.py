"""MNIST and spoken digits, a VAE and a GAN (paper, section 4.1; its MNIST and SC09)."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import image_bridge


def get_config(mode: str = "best") -> ConfigDict:
    config = image_bridge(["mnist", "spoken_digit"], mode)
    # The supplement's B.1 for MNIST and SC09. A GAN has no posterior: its latents are those that ship.
    config.latents = "shipped"
    config.model.update(
        {"shared_dim": 16, "hidden_units": (1024,) * 8, "beta_kl": 0.01, "beta_swd": 3.0, "beta_cls": 0.3}
    )
    return config
