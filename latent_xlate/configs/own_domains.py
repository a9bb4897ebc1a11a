"""Domains of your own, which --config.domains names: the settings of images, on packaged latents."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    config = base.image_bridge((), mode)
    config.latents = "shipped"
    return config
