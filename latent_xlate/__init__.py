"""Latent translation: crossing modalities by bridging generative models.

A Keras 3 / TensorFlow implementation of Tian and Engel (2019),
https://arxiv.org/abs/1902.08261.
"""

__version__ = "0.1.0"

KERAS_PACKAGE = "latent_xlate"
