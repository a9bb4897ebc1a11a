"""Domains of your own, which --config.domains names: the settings of images, on packaged latents."""

import dataclasses

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return dataclasses.replace(base.image_bridge((), mode), latents="shipped").to_config_dict()
