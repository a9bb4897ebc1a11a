"""Pix2Pix (Isola et al., 2017, https://arxiv.org/abs/1611.07004), both ways at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.adversarial import AdversarialPair, cross_entropy, mean_distance
from latent_xlate.baselines.image_networks import IMAGE_UNIT, UNet, patch_discriminator
from latent_xlate.randomness import step_seed


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class Pix2Pix(AdversarialPair):
    """Two U-Nets, one each way, each trained on its own to turn an image into its partner.

    Each way minimises the cross entropy of a PatchGAN that sees both images, plus beta_l1 times the
    mean absolute error; the discriminator's loss is halved. Pairs are of images of one class: the
    generator is to make any image of the class, not the very partner. Dropout, the original's source of
    noise, acts in training alone.

    Example:
        model = Pix2Pix((28, 28, 1))
        model.compile(optimizer=FusedAdam(2e-4, beta_1=0.5))
        training.train(model, make_image_pairs(digits, clothes, num_classes=10, seed=0), ...)
        clothes = model.translate(digits, source=0, target=1)  # [batch, 784] in [0, 1]
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        filters: int = 64,
        depth: int = 5,
        groups: int = -1,
        dropout: float = 0.5,
        discriminator_filters: int = 64,
        discriminator_layers: int = 1,
        spectral_normalization: bool = False,
        beta_l1: float = 100.0,
        seed: int = 0,
        **kwargs,
    ):
        """Makes the model, built.

        Args:
            image_shape: (height, width, channels), of both domains.
            filters: As `UNet` takes it.
            depth: As `UNet` takes it.
            groups: Of the group normalisation of all networks; -1 for instance normalisation.
            dropout: As `UNet` takes it.
            discriminator_filters: As `patch_discriminator` takes `filters`.
            discriminator_layers: As `patch_discriminator` takes `num_layers`.
            spectral_normalization: Whether the discriminators have it, in place of `groups`.
            beta_l1: Weight of the mean absolute error, of images on the scale [-1, 1].
            seed: Of the dropout.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__([math.prod(image_shape)] * 2, ("adversarial", "l1"), seed, **kwargs)
        self.image_shape = tuple(image_shape)
        self.filters = filters
        self.depth = depth
        self.groups = groups
        self.dropout = dropout
        self.discriminator_filters = discriminator_filters
        self.discriminator_layers = discriminator_layers
        self.spectral_normalization = spectral_normalization
        self.beta_l1 = beta_l1
        dtype = self.dtype_policy
        self.generators = [UNet(self.image_shape, filters, depth, groups, dropout, dtype=dtype) for _ in range(2)]
        self.discriminators = [
            patch_discriminator(
                self.image_shape, 2, discriminator_filters, discriminator_layers, groups, spectral_normalization, dtype
            )
            for _ in range(2)
        ]

    def compute_losses(self, z, step):
        adversarial = l1 = discriminator_loss = tf.zeros([])
        for way, (generator, discriminator) in enumerate(zip(self.generators, self.discriminators, strict=True)):
            x, y = z[way], z[1 - way]
            fake = generator(x, seed=step_seed(self.seed, step, way))
            pairs = [tf.concat([x, x], axis=0), tf.concat([y, tf.stop_gradient(fake)], axis=0)]
            real_scores, fake_scores = tf.split(discriminator(pairs, training=True), 2)
            discriminator_loss += 0.5 * (cross_entropy(real_scores, True) + cross_entropy(fake_scores, False))
            adversarial += cross_entropy(discriminator([x, fake]), True)
            l1 += mean_distance(fake, y) / IMAGE_UNIT
        return {"adversarial": adversarial, "l1": l1}, adversarial + self.beta_l1 * l1, discriminator_loss

    def get_config(self):
        return super().get_config() | {
            "image_shape": self.image_shape,
            "filters": self.filters,
            "depth": self.depth,
            "groups": self.groups,
            "dropout": self.dropout,
            "discriminator_filters": self.discriminator_filters,
            "discriminator_layers": self.discriminator_layers,
            "spectral_normalization": self.spectral_normalization,
            "beta_l1": self.beta_l1,
            "seed": self.seed,
        }
