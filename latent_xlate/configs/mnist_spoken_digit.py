"""MNIST and spoken digits, digit k to the word for it (paper, section 4.1 and Table 5, there SC09)."""

from ml_collections import ConfigDict

from latent_xlate.configs import base

MODES = base.MODES


def get_config(mode: str = "best") -> ConfigDict:
    return base.sound_bridge(["mnist"], ["spoken_digit"], mode)
