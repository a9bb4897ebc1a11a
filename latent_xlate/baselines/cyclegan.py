"""CycleGAN (Zhu et al., 2017, https://arxiv.org/abs/1703.10593)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.adversarial import AdversarialPair, least_squares, mean_distance
from latent_xlate.baselines.image_networks import IMAGE_UNIT, patch_discriminator, resnet_generator
from latent_xlate.baselines.image_pool import ImagePool
from latent_xlate.randomness import step_seed


class CyclePair(AdversarialPair):
    """The losses of CycleGAN, whatever the networks.

    The generators minimise the least-squares loss of the discriminators, of which each judges one
    domain's latents, plus beta_cycle times the mean absolute error of the way to the other domain and
    back, plus beta_identity times that of a generator on latents of its own target. The
    discriminators' loss is halved, and their fakes come out of a pool. Terms of weight zero are left out.
    """

    unit: float = 1.0
    """Distances are measured in it."""

    def __init__(
        self,
        latent_dims: Sequence[int],
        beta_cycle: float,
        beta_identity: float,
        pool_size: int,
        seed: int,
        **kwargs,
    ):
        """Makes the model, but for its networks.

        Args:
            latent_dims: Size of each of the two domains' latents.
            beta_cycle: Weight of the error of the way there and back.
            beta_identity: Weight of the error on latents of the target.
            pool_size: Fakes of earlier steps kept for each discriminator, a batch or more; 0 for none.
            seed: Of all that is random in training.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Not two domains, or a `beta_identity` where their latents differ in size.
        """
        weights = {"cycle": beta_cycle, "identity": beta_identity}
        terms = ["adversarial", *(name for name, weight in weights.items() if weight)]
        super().__init__(latent_dims, terms, seed, **kwargs)
        if beta_identity and len(set(self.latent_dims)) > 1:
            raise ValueError(f"Latents of sizes {self.latent_dims} have no identity: beta_identity must be 0.")
        self.beta_cycle = beta_cycle
        self.beta_identity = beta_identity
        self.pool_size = pool_size
        # Of fakes in the first domain, and in the second.
        self.pools = [ImagePool(pool_size, dim) for dim in self.latent_dims] if pool_size else []

    @property
    def state(self):
        return super().state | {"pools": [pool.kept for pool in self.pools]}

    def compute_losses(self, z, step):
        batch = tf.shape(z[0])[0]
        # What a generator is given goes through it as one batch, its source first.
        given = [tf.concat([z[way], z[1 - way]], axis=0) if self.beta_identity else z[way] for way in range(2)]
        made = [generator(x) for generator, x in zip(self.generators, given, strict=True)]
        fakes = [y[:batch] for y in reversed(made)]  # By domain: the first's come from the second's generator.
        terms = {"adversarial": tf.zeros([])}
        discriminator_loss = tf.zeros([])
        for domain, discriminator in enumerate(self.discriminators):
            shown = tf.stop_gradient(fakes[domain])
            if self.pools:
                shown = self.pools[domain].exchange(shown, step, step_seed(self.seed, step, domain))
            both = discriminator(tf.concat([z[domain], shown], axis=0), training=True)
            real_scores, fake_scores = tf.split(both, 2)
            discriminator_loss += 0.5 * (least_squares(real_scores, True) + least_squares(fake_scores, False))
            terms["adversarial"] += least_squares(discriminator(fakes[domain]), True)
        loss = terms["adversarial"]
        if self.beta_cycle:
            back = [self.generators[1 - domain](fakes[1 - domain]) for domain in range(2)]
            terms["cycle"] = self._distance(back, z)
            loss += self.beta_cycle * terms["cycle"]
        if self.beta_identity:
            terms["identity"] = self._distance([y[batch:] for y in reversed(made)], z)
            loss += self.beta_identity * terms["identity"]
        return terms, loss, discriminator_loss

    def _distance(self, x, y):
        return tf.add_n([mean_distance(*pair) for pair in zip(x, y, strict=True)]) / self.unit

    def get_config(self):
        return super().get_config() | {
            "beta_cycle": self.beta_cycle,
            "beta_identity": self.beta_identity,
            "pool_size": self.pool_size,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class CycleGAN(CyclePair):
    """CycleGAN of images: ResNet generators and PatchGAN.

    Example:
        model = CycleGAN((28, 28, 1))
        model.compile(optimizer=FusedAdam(2e-4, beta_1=0.5))
        training.train(model, make_image_pairs(digits, clothes, num_classes=10, seed=0), ...)
        clothes = model.translate(digits, source=0, target=1)  # [batch, 784] in [0, 1]
    """

    unit = IMAGE_UNIT

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        filters: int = 64,
        num_blocks: int = 6,
        groups: int = -1,
        discriminator_filters: int = 64,
        discriminator_layers: int = 2,
        spectral_normalization: bool = False,
        beta_cycle: float = 10.0,
        beta_identity: float = 5.0,
        pool_size: int = 50,
        seed: int = 0,
        **kwargs,
    ):
        """Makes the model, built.

        Args:
            image_shape: (height, width, channels), of both domains; sides are multiples of 4.
            filters: As `resnet_generator` takes it.
            num_blocks: As `resnet_generator` takes it.
            groups: Of the group normalisation of all networks; -1 for instance normalisation.
            discriminator_filters: As `patch_discriminator` takes `filters`.
            discriminator_layers: As `patch_discriminator` takes `num_layers`.
            spectral_normalization: Whether the discriminators have it, in place of `groups`.
            beta_cycle: Weight of the error of the way there and back, of images on the scale [-1, 1].
            beta_identity: Weight of the error on images of the target, on the same scale.
            pool_size: As `CyclePair` takes it.
            seed: Of the pools.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: A side that is not a multiple of 4.
        """
        super().__init__([math.prod(image_shape)] * 2, beta_cycle, beta_identity, pool_size, seed, **kwargs)
        self.image_shape = tuple(image_shape)
        self.filters = filters
        self.num_blocks = num_blocks
        self.groups = groups
        self.discriminator_filters = discriminator_filters
        self.discriminator_layers = discriminator_layers
        self.spectral_normalization = spectral_normalization
        dtype = self.dtype_policy
        self.generators = [resnet_generator(self.image_shape, filters, num_blocks, groups, dtype) for _ in range(2)]
        self.discriminators = [
            patch_discriminator(
                self.image_shape, 1, discriminator_filters, discriminator_layers, groups, spectral_normalization, dtype
            )
            for _ in range(2)
        ]

    def get_config(self):
        return super().get_config() | {
            "image_shape": self.image_shape,
            "filters": self.filters,
            "num_blocks": self.num_blocks,
            "groups": self.groups,
            "discriminator_filters": self.discriminator_filters,
            "discriminator_layers": self.discriminator_layers,
            "spectral_normalization": self.spectral_normalization,
        }
