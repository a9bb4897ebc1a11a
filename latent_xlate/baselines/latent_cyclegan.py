"""CycleGAN between latents (paper, section 4.2 and supplement C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.adversarial import Latents
from latent_xlate.baselines.baseline_config import LatentCycleGANConfig
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

    def __init__(self, latent_dims: Sequence[int], *, seed: int = 0, **kwargs: Any) -> None:
        """Makes the model, built.

        Args:
            latent_dims: Size of each of the two domains' latents.
            seed: Seed of the sampling of latents, and of the pools.
            **kwargs: Fields of `LatentCycleGANConfig`, and what `keras.Model` takes.

        Raises:
            ValueError: Not two domains, a `beta_identity` above zero where their latents differ in size, or a
                hyperparameter out of its range.
        """
        config = LatentCycleGANConfig.taken_from(kwargs)
        super().__init__(latent_dims, config, seed, **kwargs)
        self.generators = [self._generator(config, *sizes) for sizes in (self.latent_dims, self.latent_dims[::-1])]
        self.discriminators = [self._discriminator(config, size) for size in self.latent_dims]

    def _generator(self, config: LatentCycleGANConfig, size: int, target_size: int) -> keras.Model:
        dtype = self.dtype_policy
        z = keras.Input((size,))
        mixed = GatedMixing(target_size, dtype=dtype)([z, relu_stack(config.hidden_units, "hidden", dtype)(z)])
        return keras.Model(z, keras.layers.Activation("linear", dtype="float32")(mixed))

    def _discriminator(self, config: LatentCycleGANConfig, size: int) -> keras.Model:
        def dense(units: int, dtype: keras.DTypePolicy | str) -> keras.layers.Layer:
            layer = keras.layers.Dense(units, dtype=dtype)
            return keras.layers.SpectralNormalization(layer, dtype=dtype) if config.spectral_normalization else layer

        dtype = self.dtype_policy
        layers: list[keras.layers.Layer] = [keras.Input((size,))]
        for units in config.discriminator_units:
            layers += [dense(units, dtype), keras.layers.LeakyReLU(0.2, dtype=dtype)]
        return keras.Sequential([*layers, dense(1, "float32")])

    def sample_latents(self, data: Any, step: tf.Tensor) -> Latents:
        """Samples z of the posteriors in a batch of `latents.batches.make_batches`."""
        posteriors, _ = data
        first, second = (
            mu + sigma * replica_normal((tf.shape(mu)[0], mu.shape[1]), step_seed(self.seed, step, 2 + domain))
            for domain, (mu, sigma) in enumerate(posteriors)
        )
        return first, second

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"latent_dims": self.latent_dims}
