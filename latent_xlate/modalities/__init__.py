"""Modalities: how data of one kind are read, checked, written, stored and shown.

Importing the package registers the kinds that come with it.
"""

from latent_xlate.modalities import array, audio, image, latent

__all__ = ["array", "audio", "image", "latent"]
