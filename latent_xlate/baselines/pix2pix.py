"""Pix2Pix (Isola et al. 2017, https://arxiv.org/abs/1611.07004), in both directions at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.adversarial import AdversarialPair, Latents, cross_entropy, mean_distance
from latent_xlate.baselines.baseline_config import Pix2PixConfig
from latent_xlate.baselines.image_networks import IMAGE_UNIT, UNet, make_discriminator
from latent_xlate.randomness import step_seed


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class Pix2Pix(AdversarialPair):
    """Two U-Nets, one for each direction, each trained on its own to turn an image into its partner.

    Each minimises the cross entropy of a PatchGAN that sees both images, plus beta_l1 times the mean absolute error;
    the discriminator's loss is halved. A pair consists of images of one class: the generator is to make any image of
    the class, not that very partner. Dropout, the original's source of noise, is active in training alone.

    Attributes:
        config: The hyperparameters.
        image_shape: (height, width, channels), of both domains.

    Example:
        model = Pix2Pix((28, 28, 1))
        model.compile(optimizer=FusedAdam(2e-4, beta_1=0.5))
        training.train(model, make_image_pairs([digits, clothes], num_classes=10, seed=0), ...)
        clothes = model.translate(digits, source=0, target=1)  # [batch, 784] in [0, 1]
    """

    def __init__(self, image_shape: Sequence[int] = (28, 28, 1), *, seed: int = 0, **kwargs: Any) -> None:
        """Makes the model, built.

        Args:
            image_shape: (height, width, channels), of both domains.
            seed: Seed of the dropout.
            **kwargs: Fields of `Pix2PixConfig`, and what `keras.Model` takes.

        Raises:
            ValueError: A hyperparameter out of its range.
        """
        config = Pix2PixConfig.taken_from(kwargs)
        super().__init__([math.prod(image_shape)] * 2, ("adversarial", "l1"), seed, **kwargs)
        self.config = config
        self.image_shape = tuple(image_shape)
        dtype = self.dtype_policy
        self.generators = [
            UNet(self.image_shape, config.filters, config.depth, config.groups, config.dropout, dtype=dtype)
            for _ in range(2)
        ]
        self.discriminators = [make_discriminator(self.image_shape, 2, config, dtype) for _ in range(2)]

    def compute_losses(self, z: Latents, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        adversarial = l1 = discriminator_loss = tf.zeros([])
        for direction, (generator, discriminator) in enumerate(zip(self.generators, self.discriminators, strict=True)):
            x, y = z[direction], z[1 - direction]
            fake = generator(x, seed=step_seed(self.seed, step, direction))
            pairs = [tf.concat([x, x], axis=0), tf.concat([y, tf.stop_gradient(fake)], axis=0)]
            real_scores, fake_scores = tf.split(discriminator(pairs, training=True), 2)
            discriminator_loss += 0.5 * (cross_entropy(real_scores, True) + cross_entropy(fake_scores, False))
            adversarial += cross_entropy(discriminator([x, fake]), True)
            l1 += mean_distance(fake, y) / IMAGE_UNIT
        return {"adversarial": adversarial, "l1": l1}, adversarial + self.config.beta_l1 * l1, discriminator_loss

    def get_config(self) -> dict[str, Any]:
        config = {"image_shape": self.image_shape, **self.config.to_dict(), "seed": self.seed}
        return super().get_config() | config
