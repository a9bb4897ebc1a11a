"""Lists the packages, which include the pretrained weights; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["latent_xlate", "latent_xlate.*"]), "latent_xlate.savedmodels"])
