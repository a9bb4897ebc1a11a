"""Between domains of one's own, which --config.domains names: the settings of images, on packaged latents."""

from ml_collections import ConfigDict

from latent_xlate.configs.base import image_bridge


def get_config(mode: str = "best") -> ConfigDict:
    config = image_bridge((), mode)
    config.latents = "shipped"
    return config
