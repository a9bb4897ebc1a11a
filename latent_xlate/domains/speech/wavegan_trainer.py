"""WaveGAN's networks and losses as one Keras model that is trained step by step."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import distribution, losses, random_draws, training_steps
from latent_xlate.domains.speech import wavegan_losses
from latent_xlate.domains.speech.priors import sample_prior
from latent_xlate.domains.speech.spectrogram_discriminator import SpectrogramDiscriminator
from latent_xlate.domains.speech.spectrograms import spectral_distance
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_discriminator import WaveGANDiscriminator
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.randomness import replica_normal, step_seed

PENALTY_INTERVAL = 16
"""Number of steps between gradient penalties of objective "r1". Each penalty is weighted by this number."""

CLASS_SHARPNESS = 10.0
"""Factor that makes logits of class latents: a lead of 0.3 over all other coordinates then is near certainty."""

# Streams of random numbers within a step. They determine the results of a seed, so their order is fixed.
(
    DISCRIMINATOR_PRIOR,
    REAL_AUGMENTATION,
    FAKE_AUGMENTATION,
    INTERPOLATION,
    PENALTY_AUGMENTATION,
    POSTERIOR_NOISE,
    GENERATOR_PRIOR,
    GENERATOR_AUGMENTATION,
    PROJECTIONS,
) = range(9)


class WaveGANTrainer(keras.Model):
    """Trains a generator, and keeps an exponential moving average of its weights.

    The objective is one of

    - "wgan_gp", the original's: a Wasserstein critic, with a gradient penalty at interpolations between real and
      generated sounds (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028).
    - "r1": the non-saturating loss, with a gradient penalty at real sounds in every 16th step (Mescheder et al. 2018,
      https://arxiv.org/abs/1801.04406; lazy regularisation, Karras et al. 2019).
    - "vae": no adversarial loss. Generator and encoder are the two halves of a VAE, whose reconstruction loss is the
      spectral distance.

    With an encoder, the first two objectives add the VAE's loss to the adversarial one.

    If the discriminator has class logits, it is trained to classify recordings, whatever the objective. The generator
    is then trained by

    - the cross entropy of reconstructions, and feature matching: reconstructions should have the class and the
      discriminator's activations of their recordings (Larsen et al. 2016, https://arxiv.org/abs/1512.09300);
    - the entropy of samples: each should have a definite class, and all classes should be equally frequent
      (Springenberg 2015, https://arxiv.org/abs/1511.06390).

    With class latents, the first coordinates of z, one for each class, serve as class logits of z. Two terms train
    them: the cross entropy between a recording's label and its posterior sample, and, in place of the entropy of
    samples, the cross entropy between the class of a prior latent and the class of the sound generated from it. Each
    class then has the same share of the prior.

    One step is one update of the generator.
    """

    def __init__(
        self,
        settings: WaveGANSettings,
        generator: WaveGANGenerator,
        average: WaveGANGenerator,
        discriminator: WaveGANDiscriminator | SpectrogramDiscriminator | None,
        encoder: SpeechEncoder | None,
    ):
        """Initializes the model with built networks.

        Args:
            settings: Objective, loss weights, prior and seed.
            generator: The network to train.
            average: A network of the same shape, which becomes the moving average.
            discriminator: None only with objective "vae" and without class logits.
            encoder: None if there is no VAE loss.
        """
        super().__init__()
        self.settings = settings
        self.generator = generator
        self.average = average
        self.average.trainable = False
        self.discriminator: Any = discriminator
        self.encoder: Any = encoder
        self.trackers = {name: keras.metrics.Mean(name=name) for name in self._metric_names()}
        self.discriminator_optimizer: Any = None
        self.built = True

    def _metric_names(self) -> list[str]:
        names = ["discriminator", "penalty", "real", "fake"] if self.settings.is_adversarial else []
        names += ["reconstruction", "kl"] if self.encoder else []
        names += ["real_class", "fake_class"] if self.has_classes else []
        names += ["features", "reconstruction_class"] if self.has_classes and self.encoder else []
        names += ["swd"] if self.settings.beta_swd else []
        names += ["latent_class"] if self.settings.class_latents else []
        return names

    @property
    def has_classes(self) -> bool:
        """Whether the discriminator has class logits."""
        return self.discriminator is not None and self.discriminator.num_classes > 0

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    @property
    def generator_variables(self) -> list[Any]:
        """The variables of the generator and the encoder, which one optimizer trains."""
        encoder = self.encoder.trainable_variables if self.encoder else []
        return self.generator.trainable_variables + encoder

    def compile_optimizers(
        self, optimizer: keras.optimizers.Optimizer, discriminator_optimizer: keras.optimizers.Optimizer
    ) -> None:
        """Sets and builds the optimizer of the generator and encoder, and that of the discriminator."""
        self.compile(optimizer=optimizer, **training_steps.compile_options())
        optimizer.build(self.generator_variables)
        if self.discriminator:
            self.discriminator_optimizer = discriminator_optimizer
            discriminator_optimizer.build(self.discriminator.trainable_variables)

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Updates the discriminator as often as the settings say, then the generator once.

        Args:
            data: Sounds, float32 [batches_per_step, batch, 16384] in [-1, 1], and labels, int64 [batches_per_step,
                batch].

        Returns:
            The metrics by name.
        """
        x, labels = data
        # Read before any update, because the optimizer counts the generator's updates.
        step = tf.identity(self.optimizer.iterations.value)
        if self.discriminator:
            self._update_discriminator_often(x, labels, step)
        self._update_generator(x[-1], labels[-1], step)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _update_discriminator_often(self, x: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> None:
        """Updates the discriminator once for each batch of x [updates, batch, 16384] and labels [updates, batch]."""
        count = self.settings.batches_per_step

        def update(i: tf.Tensor) -> list[tf.Tensor]:
            self._update_discriminator(x[i], labels[i], step, i)
            return [i + 1]

        if distribution.num_replicas() > 1:
            # Replicas add up their gradients, which TensorFlow refuses to do in a loop.
            for i in range(count):
                update(tf.constant(i))
        else:
            # A loop in graph, of which XLA compiles one update.
            tf.while_loop(lambda i: i < count, update, [tf.constant(0)])

    def _seed(self, step: tf.Tensor, stream: int, *update: tf.Tensor) -> tf.Tensor:
        """Seed, int32 [2], of a stream at a step, and within it of one of the discriminator's updates."""
        seed = step_seed(self.settings.seed, step, stream)
        for number in update:
            seed = random_draws.fold_in(seed, number)
        return seed

    def _update_discriminator(self, x: tf.Tensor, labels: tf.Tensor, step: tf.Tensor, update: tf.Tensor) -> None:
        real = self.discriminator.represent(x[..., tf.newaxis])
        if self.settings.is_adversarial:
            shape = (x.shape[0], self.generator.latent_dim)
            z = sample_prior(self.settings.prior, shape, self._seed(step, DISCRIMINATOR_PRIOR, update))
            fake = self.discriminator.represent(self.generator(z, training=True))
        with tf.GradientTape() as tape:
            seed = self._seed(step, REAL_AUGMENTATION, update)
            real_scores, logits = self.discriminator.scores_and_logits(real, seed)
            loss = 0.0
            if self.settings.is_adversarial:
                loss += self._adversarial_discriminator_loss(real, real_scores, fake, step, update)
            if self.has_classes:
                entropy = wavegan_losses.cross_entropy(labels, logits)
                loss += entropy
                self.trackers["real_class"].update_state(entropy)
            loss /= self.distribute_strategy.num_replicas_in_sync
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)

    def _adversarial_discriminator_loss(
        self, real: tf.Tensor, real_scores: tf.Tensor, fake: tf.Tensor, step: tf.Tensor, update: tf.Tensor
    ) -> tf.Tensor:
        fake_scores, _ = self.discriminator.scores_and_logits(fake, self._seed(step, FAKE_AUGMENTATION, update))
        loss = wavegan_losses.discriminator_loss(self.settings.objective, real_scores, fake_scores)
        penalty = self.settings.penalty * self._gradient_penalty(real, fake, step, update)
        self.trackers["discriminator"].update_state(loss)
        self.trackers["penalty"].update_state(penalty)
        self.trackers["real"].update_state(real_scores)
        self.trackers["fake"].update_state(fake_scores)
        return loss + penalty

    def _gradient_penalty(self, real: tf.Tensor, fake: tf.Tensor, step: tf.Tensor, update: tf.Tensor) -> tf.Tensor:
        seed = self._seed(step, PENALTY_AUGMENTATION, update)

        def score(x: tf.Tensor) -> tf.Tensor:
            return self.discriminator.scores_and_logits(x, seed)[0]

        if self.settings.objective == "wgan_gp":
            shape = (real.shape[0], *[1] * (len(real.shape) - 1))
            weights = 0.5 + 0.5 * sample_prior("uniform", shape, self._seed(step, INTERPOLATION, update))
            between = real + weights * (fake - real)
            return tf.reduce_mean(tf.square(wavegan_losses.gradient_norm(score, between) - 1.0))
        penalty = tf.cond(
            step % PENALTY_INTERVAL == 0,
            lambda: tf.reduce_mean(tf.square(wavegan_losses.gradient_norm(score, real))),
            lambda: tf.zeros([]),
        )
        return 0.5 * PENALTY_INTERVAL * penalty

    def _update_generator(self, x: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = self._generator_loss(x, labels, step) / self.distribute_strategy.num_replicas_in_sync
        variables = self.generator_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        # The decay grows with the step, so that the average forgets the initial weights quickly.
        count = tf.cast(step, tf.float32)
        decay = tf.minimum(self.settings.decay, (1.0 + count) / (10.0 + count))
        for average, weight in zip(self.average.weights, self.generator.weights, strict=True):
            average.value.assign_add((1.0 - decay) * (weight.value - average.value))

    def _generator_loss(self, x: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """All losses of generator and encoder, for recordings x [batch, 16384]; float32 scalar."""
        batch = x.shape[0]
        loss = 0.0
        latents = []
        shape = (batch, self.generator.latent_dim)
        prior = sample_prior(self.settings.prior, shape, self._seed(step, GENERATOR_PRIOR))
        if self.encoder:
            z, latent_loss = self._encode(x, labels, prior, step)
            latents.append(z)
            loss += latent_loss
        if self.discriminator:
            latents.append(prior)
        # One call for reconstructions and samples, in this order.
        generated = self.generator(tf.concat(latents, axis=0), training=True)
        if self.encoder:
            # The upper half of the frequencies is compared only if it is generated.
            every = 2 if self.generator.half_rate else 1
            distance = tf.reduce_mean(spectral_distance(x[:, ::every], generated[:batch, ::every, 0]))
            self.trackers["reconstruction"].update_state(distance)
            loss += self.settings.beta_reconstruction * distance
        if self.settings.is_adversarial:
            fake = self.discriminator.represent(generated[-batch:])
            scores, _ = self.discriminator.scores_and_logits(fake, self._seed(step, GENERATOR_AUGMENTATION))
            loss += wavegan_losses.generator_loss(self.settings.objective, scores)
        if self.has_classes:
            loss += self._class_loss(x, labels, generated, prior)
        return loss

    def _encode(
        self, x: tf.Tensor, labels: tf.Tensor, prior: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Posterior samples of recordings, float32 [batch, latent_dim], and the losses of latents, float32 scalar."""
        settings = self.settings
        shape = (x.shape[0], self.generator.latent_dim)
        mu, sigma = self.encoder(x)
        kl = tf.reduce_mean(losses.gaussian_kl(mu, sigma))
        self.trackers["kl"].update_state(kl)
        warmup = tf.minimum(1.0, tf.cast(step, tf.float32) / settings.kl_warmup) if settings.kl_warmup else 1.0
        loss = settings.beta_kl * warmup * kl
        z = mu + sigma * replica_normal(shape, self._seed(step, POSTERIOR_NOISE))
        if settings.beta_swd:
            seed = self._seed(step, PROJECTIONS)
            distance = losses.sliced_wasserstein_distance(
                z, prior, num_projections=shape[1], seed=seed, orthogonal=True
            )
            self.trackers["swd"].update_state(distance)
            loss += settings.beta_swd * distance
        if settings.class_latents:
            entropy = wavegan_losses.cross_entropy(labels, CLASS_SHARPNESS * self._class_coordinates(z))
            self.trackers["latent_class"].update_state(entropy)
            loss += settings.beta_class * entropy
        return z, loss

    def _class_coordinates(self, z: tf.Tensor) -> tf.Tensor:
        """The coordinates of class latents that are class logits, [batch, classes]."""
        return z[:, : self.discriminator.num_classes]

    def _class_loss(self, x: tf.Tensor, labels: tf.Tensor, generated: tf.Tensor, prior: tf.Tensor) -> tf.Tensor:
        """Losses from the discriminator's class logits and activations, float32 scalar.

        `generated` are reconstructions of x, if there is an encoder, followed by the sounds of `prior`.
        """
        batch = x.shape[0]
        activations = self.discriminator.activations(self.discriminator.represent(generated))
        logits = self.discriminator.outputs(activations)[:, 1:]
        if self.settings.class_latents:
            entropy = wavegan_losses.cross_entropy(tf.argmax(self._class_coordinates(prior), axis=1), logits[-batch:])
            loss = self.settings.beta_class * entropy
        else:
            entropy, batch_entropy = wavegan_losses.class_entropies(logits[-batch:])
            loss = self.settings.beta_class * (entropy - batch_entropy)
        self.trackers["fake_class"].update_state(entropy)
        if self.encoder:
            entropy = wavegan_losses.cross_entropy(labels, logits[:batch])
            self.trackers["reconstruction_class"].update_state(entropy)
            real = self.discriminator.activations(self.discriminator.represent(x[..., tf.newaxis]))
            distance = wavegan_losses.feature_matching([each[:batch] for each in activations], real)
            self.trackers["features"].update_state(distance)
            loss += self.settings.beta_class * entropy + self.settings.beta_features * distance
        return loss
