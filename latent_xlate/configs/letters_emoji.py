"""Letters and emoji, in colour: B becomes a building, C a clock, and so on by initials."""

from ml_collections import ConfigDict

from latent_xlate.configs import own_domains

MODES = own_domains.MODES

CLASS_MAP = "B=building,C=clock,D=drink,F=flag,G=gesture,H=heart,P=person,S=smiley,V=vehicle,Z=zodiac"


def get_config(mode: str = "best") -> ConfigDict:
    config = own_domains.get_config(mode)
    config.domains = ("letters", "emoji")
    config.class_map = CLASS_MAP
    return config
