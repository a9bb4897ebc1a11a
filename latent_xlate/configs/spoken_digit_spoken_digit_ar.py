"""English and Arabic spoken digits, by the digit that is said."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.sound_bridge([], ["spoken_digit", "spoken_digit_ar"], mode)
