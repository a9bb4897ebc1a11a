"""An encoder of speech that learns to hear strangers, for a WaveGAN that stays as it is."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import losses
from latent_xlate.domains.speech import wavegan_losses
from latent_xlate.domains.speech.latent_mixture import LatentMixture
from latent_xlate.domains.speech.spectrograms import spectral_distance
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.domains.speech.word_encoder import WordEncoder
from latent_xlate.randomness import replica_normal, step_seed

DECODED = 8
"""One recording in so many of a batch is decoded, which takes longer than all else."""


class EncoderTrainer(keras.Model):
    """Trains an encoder whose latents mean to a generator what those of an earlier encoder, its teacher, mean.

    A recording is changed at random, and encoded to a posterior, from which z is drawn. The loss has four terms:

    - of recordings that the teacher knows, the KL divergence of the posterior from the one that the teacher gives
      them as they were, so that latents and bridges made with the teacher stay valid;
    - the spectral distance between what the generator makes of z and the recording as it was;
    - the cross entropy of the recording's class, given z, by a Gaussian of each class, fitted to the teacher's
      posteriors;
    - the negative log-likelihood of z by the Gaussian of its class, which keeps strangers among latents that the
      generator and the bridges know.

    No judge takes part.
    """

    def __init__(
        self,
        generator: WaveGANGenerator,
        encoder: WordEncoder,
        classes: LatentMixture,
        *,
        beta_teacher: float,
        beta_reconstruction: float,
        beta_class: float,
        beta_prior: float,
        seed: int,
    ):
        """Initializes the model with built networks.

        Args:
            generator: The generator, which is not trained.
            encoder: The encoder to train.
            classes: The Gaussians, of the teacher's posteriors.
            beta_teacher: Weight of the first term, per dimension of z.
            beta_reconstruction: Weight of the second.
            beta_class: Weight of the third.
            beta_prior: Weight of the last, per dimension of z.
            seed: Seed of the noise.
        """
        super().__init__()
        self.generator = generator
        self.generator.trainable = False
        self.encoder = encoder
        self.classes = classes
        self.betas = {
            "teacher": beta_teacher,
            "reconstruction": beta_reconstruction,
            "class": beta_class,
            "prior": beta_prior,
        }
        self.seed = seed
        self.trackers = {name: keras.metrics.Mean(name=name) for name in (*self.betas, "accuracy")}
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def train_step(self, data: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """Updates the encoder once.

        Args:
            data: Changed recordings and the recordings as they were, float32 [batch, 16384] in [-1, 1] each; labels,
                int64 [batch]; the teacher's mean and standard deviation, float32 [batch, latent_dim] each; and 1.0
                where the teacher knows the recording, else 0.0, float32 [batch].

        Returns:
            The metrics by name.
        """
        with tf.GradientTape() as tape:
            loss = self._loss(*data) / self.distribute_strategy.num_replicas_in_sync
        variables = self.encoder.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _loss(
        self,
        changed: tf.Tensor,
        x: tf.Tensor,
        labels: tf.Tensor,
        teacher_mu: tf.Tensor,
        teacher_sigma: tf.Tensor,
        known: tf.Tensor,
    ) -> tf.Tensor:
        mu, sigma = self.encoder(changed, training=True)
        width = self.encoder.latent_dim
        seed = step_seed(self.seed, self.optimizer.iterations.value, 0)
        z = mu + sigma * replica_normal((x.shape[0], width), seed)
        likelihoods = log_likelihoods(self.classes, z)
        divergence = losses.gaussian_kl((mu - teacher_mu) / teacher_sigma, sigma / teacher_sigma)
        count = x.shape[0] // DECODED
        # The upper half of the frequencies is compared only if it is generated.
        every = 2 if self.generator.half_rate else 1
        decoded = self.generator(z[:count])[:, ::every, 0]
        terms = {
            "teacher": tf.math.divide_no_nan(tf.reduce_sum(known * divergence), tf.reduce_sum(known)) / width,
            "reconstruction": tf.reduce_mean(spectral_distance(x[:count, ::every], decoded)),
            "class": wavegan_losses.cross_entropy(labels, likelihoods),
            "prior": -tf.reduce_mean(tf.gather(likelihoods, labels, batch_dims=1)) / width,
        }
        for name, value in terms.items():
            self.trackers[name].update_state(value)
        heard = tf.argmax(log_likelihoods(self.classes, mu), axis=1) == labels
        self.trackers["accuracy"].update_state(tf.cast(heard, tf.float32))
        return tf.add_n([self.betas[name] * value for name, value in terms.items()])

    def state(self) -> dict[str, Any]:
        """What checkpoints must contain beside the optimizer's variables."""
        return {"encoder": [variable.value for variable in self.encoder.variables]}


def log_likelihoods(classes: LatentMixture, z: tf.Tensor) -> tf.Tensor:
    """Logarithm of the density of each class's Gaussian at z, but for a constant.

    Args:
        classes: The Gaussians.
        z: float32 [batch, latent_dim].

    Returns:
        float32 [batch, classes].
    """
    factors = classes.factors.value
    deviations = tf.transpose(z[:, tf.newaxis] - classes.means.value, [1, 2, 0])
    whitened = tf.linalg.triangular_solve(factors, deviations)
    determinants = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factors)), axis=1)
    return -0.5 * tf.transpose(tf.reduce_sum(tf.square(whitened), axis=1)) - determinants
