"""What the bridge is compared with, each in the place of a bridge. Importing it registers them with Keras.

The paper's baselines (section 4.2, Table 1): Pix2Pix and CycleGAN translate images, which are the latents of a
`PixelDomain`; the latent CycleGAN translates latents as the bridge does. All train on pairs of instances of the same
class.

Rivals, between labelled latents: linear maps, classify and draw, transport between the Gaussians of each class,
retrieval after it, and a rectified flow. Between unlabelled latents: Gromov-Wasserstein. Most are fitted at once
(`FittedBridge`).
"""

from latent_xlate.baselines import (
    classify_and_draw,
    cyclegan,
    gaussian_transport,
    gromov_wasserstein,
    latent_cyclegan,
    linear_maps,
    pix2pix,
    pixel_domain,
    rectified_flow,
    transport_retrieval,
)

__all__ = [
    "classify_and_draw",
    "cyclegan",
    "gaussian_transport",
    "gromov_wasserstein",
    "latent_cyclegan",
    "linear_maps",
    "pix2pix",
    "pixel_domain",
    "rectified_flow",
    "transport_retrieval",
]
