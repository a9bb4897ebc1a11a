"""The paper's baselines (section 4.2, Table 1), each in the place of a bridge. Importing it registers them with Keras.

Pix2Pix and CycleGAN translate images, which are the latents of a `PixelDomain`; the latent CycleGAN translates latents
as the bridge does. All train on pairs of instances of the same class.
"""

from latent_xlate.baselines import cyclegan, latent_cyclegan, pix2pix, pixel_domain

__all__ = ["cyclegan", "latent_cyclegan", "pix2pix", "pixel_domain"]
