"""Domains of your own, which --config.domains names: the settings of images, on packaged latents.

Steps follow from the number of latents, and training ends when held-out latents are translated no better. Translations
are to be like the target's own latents, class by class, and as varied, and to keep colours, place and size, as they
stand within their class, where both domains measure them.
"""

from ml_collections import ConfigDict, config_dict

from latent_xlate.bridge.bridge_config import LabelTermsConfig, TransportConfig
from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    config = base.image_bridge((), mode)
    config.latents = "shipped"
    with config.unlocked():
        config.update(epochs=config_dict.placeholder(int), patience=config_dict.placeholder(int))
        config.label_terms = LabelTermsConfig(ramp_steps=300).to_config_dict()
        if mode in ("best", "quick"):
            config.transport = TransportConfig(points=500, certainty=0.9).to_config_dict()
    if mode != "paper":
        config.update(epochs=100, patience=10, steps_per_log=100)
        config.label_terms.update(beta_matching=5.0, beta_measured=0.3)
    return config
