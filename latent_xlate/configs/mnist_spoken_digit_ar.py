"""MNIST and Arabic spoken digits, digit k to the Arabic word for it."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.sound_bridge(["mnist"], ["spoken_digit_ar"], mode)
