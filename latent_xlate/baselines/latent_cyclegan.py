"""CycleGAN between latents (paper, section 4.2 and supplement C)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.cyclegan import CyclePair
from latent_xlate.layers import GatedMixing, relu_stack
from latent_xlate.randomness import replica_normal, step_seed


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentCycleGAN(CyclePair):
    """CycleGAN whose generators are MLPs that end in gated mixing, as the bridge's encoder and decoder do.

    Example:
        model = LatentCycleGAN(latent_dims=[100, 100])
        model.compile(optimizer=FusedAdam(2e-4, beta_1=0.5))
        training.train(model, make_batches([digits, clothes], 10, "balanced", seed=0), ...)
        z_fashion = model.translate(z_digit, source=0, target=1)
    """

    def __init__(
        self,
        latent_dims: Sequence[int],
        hidden_units: Sequence[int] = (512, 512, 512, 512),
        discriminator_units: Sequence[int] = (512, 512, 512),
        spectral_normalization: bool = False,
        beta_cycle: float = 10.0,
        beta_identity: float = 0.0,
        pool_size: int = 0,
        seed: int = 0,
        **kwargs,
    ):
        """Makes the model, built.

        Args:
            latent_dims: Size of each of the two domains' latents.
            hidden_units: Widths of the generators' ReLU layers.
            discriminator_units: Widths of the discriminators' leaky ReLU layers.
            spectral_normalization: Takes the spectral norm out of every weight of the discriminators.
            beta_cycle: Weight of the error of the way there and back.
            beta_identity: Weight of the error on latents of the target, 0 where they differ in size.
            pool_size: As `CyclePair` takes it.
            seed: Of the sampling of latents, and of the pools.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Not two domains, or a `beta_identity` where their latents differ in size.
        """
        super().__init__(latent_dims, beta_cycle, beta_identity, pool_size, seed, **kwargs)
        self.hidden_units = tuple(hidden_units)
        self.discriminator_units = tuple(discriminator_units)
        self.spectral_normalization = spectral_normalization
        self.generators = [self._generator(*sizes) for sizes in (self.latent_dims, self.latent_dims[::-1])]
        self.discriminators = [self._discriminator(size) for size in self.latent_dims]

    def _generator(self, size: int, target_size: int) -> keras.Model:
        dtype = self.dtype_policy
        z = keras.Input((size,))
        mixed = GatedMixing(target_size, dtype=dtype)([z, relu_stack(self.hidden_units, "hidden", dtype)(z)])
        return keras.Model(z, keras.layers.Activation("linear", dtype="float32")(mixed))

    def _discriminator(self, size: int) -> keras.Model:
        def dense(units, dtype):
            layer = keras.layers.Dense(units, dtype=dtype)
            return keras.layers.SpectralNormalization(layer, dtype=dtype) if self.spectral_normalization else layer

        dtype = self.dtype_policy
        layers: list[keras.layers.Layer] = [keras.Input((size,))]
        for units in self.discriminator_units:
            layers += [dense(units, dtype), keras.layers.LeakyReLU(0.2, dtype=dtype)]
        return keras.Sequential([*layers, dense(1, "float32")])

    def sample_latents(self, data, step):
        """Samples z of the posteriors in batches as `bridge.latents.make_batches` makes them."""
        posteriors, _ = data
        return tuple(
            mu + sigma * replica_normal((tf.shape(mu)[0], mu.shape[1]), step_seed(self.seed, step, 2 + domain))
            for domain, (mu, sigma) in enumerate(posteriors)
        )

    def get_config(self):
        return super().get_config() | {
            "latent_dims": self.latent_dims,
            "hidden_units": self.hidden_units,
            "discriminator_units": self.discriminator_units,
            "spectral_normalization": self.spectral_normalization,
        }
