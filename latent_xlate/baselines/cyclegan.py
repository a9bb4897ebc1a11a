"""CycleGAN (Zhu et al. 2017, https://arxiv.org/abs/1703.10593)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.adversarial import AdversarialPair, Latents, least_squares, mean_distance
from latent_xlate.baselines.baseline_config import CycleGANConfig, LatentCycleGANConfig
from latent_xlate.baselines.image_networks import IMAGE_UNIT, make_discriminator, resnet_generator
from latent_xlate.baselines.image_pool import ImagePool
from latent_xlate.randomness import step_seed


class CyclePair(AdversarialPair):
    """The losses of CycleGAN, whatever the networks.

    The generators minimise the least-squares loss of the discriminators, of which each judges one domain's latents;
    plus beta_cycle times the mean absolute error of translating to the other domain and back (cycle consistency); plus
    beta_identity times that of a generator on latents of its own target (identity). The discriminators' loss is
    halved, and their fakes come from a pool. Terms of weight zero are left out.

    Attributes:
        config: The hyperparameters.
        pools: For each domain its discriminator's pool of fakes; empty without pools.
    """

    unit: float = 1.0
    """The unit of distances."""

    def __init__(
        self, latent_dims: Sequence[int], config: CycleGANConfig | LatentCycleGANConfig, seed: int, **kwargs: Any
    ) -> None:
        """Makes the model without its networks.

        Args:
            latent_dims: Size of each of the two domains' latents.
            config: The hyperparameters.
            seed: Seed of all that is random in training.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Not two domains, or a `beta_identity` above zero where their latents differ in size.
        """
        weights = {"cycle": config.beta_cycle, "identity": config.beta_identity}
        terms = ["adversarial", *(name for name, weight in weights.items() if weight)]
        super().__init__(latent_dims, terms, seed, **kwargs)
        if config.beta_identity and len(set(self.latent_dims)) > 1:
            raise ValueError(f"Latents of sizes {self.latent_dims} have no identity: beta_identity must be 0.")
        self.config = config
        self.pools = [ImagePool(config.pool_size, dim) for dim in self.latent_dims] if config.pool_size else []

    @property
    def state(self) -> dict[str, Any]:
        return super().state | {"pools": [pool.kept for pool in self.pools]}

    def compute_losses(self, z: Latents, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        config, batch = self.config, tf.shape(z[0])[0]
        # A generator's inputs go through it as one batch, those of its source first.
        inputs = [tf.concat([z[i], z[1 - i]], axis=0) if config.beta_identity else z[i] for i in range(2)]
        outputs = [generator(x) for generator, x in zip(self.generators, inputs, strict=True)]
        fakes = [y[:batch] for y in reversed(outputs)]  # By domain: the first's come from the second's generator.
        adversarial = discriminator_loss = tf.zeros([])
        for domain, discriminator in enumerate(self.discriminators):
            shown = tf.stop_gradient(fakes[domain])
            if self.pools:
                shown = self.pools[domain].exchange(shown, step, step_seed(self.seed, step, domain))
            both = discriminator(tf.concat([z[domain], shown], axis=0), training=True)
            real_scores, fake_scores = tf.split(both, 2)
            discriminator_loss += 0.5 * (least_squares(real_scores, True) + least_squares(fake_scores, False))
            adversarial += least_squares(discriminator(fakes[domain]), True)
        terms, loss = {"adversarial": adversarial}, adversarial
        if config.beta_cycle:
            cycled = [self.generators[1 - domain](fakes[1 - domain]) for domain in range(2)]
            terms["cycle"] = self._distance(cycled, z)
            loss += config.beta_cycle * terms["cycle"]
        if config.beta_identity:
            terms["identity"] = self._distance([y[batch:] for y in reversed(outputs)], z)
            loss += config.beta_identity * terms["identity"]
        return terms, loss, discriminator_loss

    def _distance(self, x: Sequence[tf.Tensor], y: Sequence[tf.Tensor]) -> tf.Tensor:
        return tf.add_n([mean_distance(*pair) for pair in zip(x, y, strict=True)]) / self.unit

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.config.to_dict() | {"seed": self.seed}


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class CycleGAN(CyclePair):
    """CycleGAN of images: ResNet generators and PatchGAN.

    Attributes:
        image_shape: (height, width, channels), of both domains.

    Example:
        model = CycleGAN((28, 28, 1))
        model.compile(optimizer=FusedAdam(2e-4, beta_1=0.5))
        training.train(model, make_image_pairs([digits, clothes], num_classes=10, seed=0), ...)
        clothes = model.translate(digits, source=0, target=1)  # [batch, 784] in [0, 1]
    """

    unit = IMAGE_UNIT

    def __init__(self, image_shape: Sequence[int] = (28, 28, 1), *, seed: int = 0, **kwargs: Any) -> None:
        """Makes the model, built.

        Args:
            image_shape: (height, width, channels), of both domains; sides are multiples of 4.
            seed: Seed of the pools.
            **kwargs: Fields of `CycleGANConfig`, and what `keras.Model` takes.

        Raises:
            ValueError: A side that is not a multiple of 4, or a hyperparameter out of its range.
        """
        config = CycleGANConfig.taken_from(kwargs)
        super().__init__([math.prod(image_shape)] * 2, config, seed, **kwargs)
        self.image_shape = tuple(image_shape)
        dtype = self.dtype_policy
        self.generators = [
            resnet_generator(self.image_shape, config.filters, config.num_blocks, config.groups, dtype)
            for _ in range(2)
        ]
        self.discriminators = [make_discriminator(self.image_shape, 1, config, dtype) for _ in range(2)]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"image_shape": self.image_shape}
