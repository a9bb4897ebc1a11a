"""The losses that WaveGAN is trained by, as one Keras model around its networks."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import losses
from latent_xlate.domains.speech.priors import sample_prior
from latent_xlate.domains.speech.spectrogram_discriminator import SpectrogramDiscriminator
from latent_xlate.domains.speech.spectrograms import spectral_distance
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan import WaveGANDiscriminator, WaveGANGenerator
from latent_xlate.randomness import replica_normal, step_seed

OBJECTIVES = ("wgan_gp", "r1", "vae")

PENALTY_INTERVAL = 16
"""Steps between gradient penalties of the objective "r1", each of which weighs as many times as much."""

CLASS_SHARPNESS = 10.0
"""What class latents are multiplied by to be logits: a lead of a third then is near certainty."""


class WaveGANTrainer(keras.Model):
    """Trains a generator by an objective, and keeps the exponential moving average of its weights.

    - "wgan_gp", the original's: Wasserstein critic, gradient penalty of 10 between real and generated
      sounds (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028).
    - "r1": non-saturating loss, gradient penalty at real sounds every 16th step (Mescheder et al. 2018,
      https://arxiv.org/abs/1801.04406; lazily, Karras et al. 2019).
    - "vae": nothing adversarial; generator and encoder as a VAE on the spectral distance.

    With an encoder the first two keep the VAE's loss beside the adversarial one, so that the encoder
    goes with the generator and every training sound stays in its range.

    Where the discriminator has class logits, it learns the classes of real sounds, whatever the objective,
    and listens to those of the generator: what is made of a recording is to have its class and its
    activations in the discriminator (Larsen et al. 2016, https://arxiv.org/abs/1512.09300); what is
    made of the prior is to be of a class that it is sure of, of all classes alike (Springenberg 2015,
    https://arxiv.org/abs/1511.06390).

    With class latents each latent has a class, by which of its first coordinates, one for each class, is the
    largest. Posteriors of recordings are drawn to where their class is, and what is made of the prior is to be
    of the class of its latent. The prior thus has as much room for each class, and no region without one.

    A step is one update of the generator.
    """

    def __init__(
        self,
        generator: WaveGANGenerator,
        average: WaveGANGenerator,
        discriminator: WaveGANDiscriminator | SpectrogramDiscriminator | None,
        encoder: SpeechEncoder | None,
        *,
        objective: str = "wgan_gp",
        prior: str = "uniform",
        discriminator_steps: int = 5,
        penalty: float = 10.0,
        decay: float = 0.999,
        beta_reconstruction: float = 100.0,
        beta_kl: float = 1.0,
        kl_warmup: int = 1000,
        beta_class: float = 0.0,
        beta_features: float = 0.0,
        beta_swd: float = 0.0,
        class_latents: bool = False,
        seed: int = 0,
    ):
        """Takes built networks.

        Args:
            generator: Trained.
            average: Of the same shape; becomes the moving average.
            discriminator: For the objective "vae" one that has class logits, or None.
            encoder: None where there is no VAE's loss.
            objective: One of `OBJECTIVES`.
            prior: One of `PRIORS`; the VAE's is normal.
            discriminator_steps: Updates of the discriminator before each of the generator.
            penalty: Weight of the gradient penalty.
            decay: Of the moving average, at each step.
            beta_reconstruction: Weight of the spectral distance.
            beta_kl: Weight of the KL divergence.
            kl_warmup: Steps over which that weight grows from zero.
            beta_class: Weight of what class logits ask of the generator.
            beta_features: Weight of the distance between activations, with an encoder.
            beta_swd: Weight of the sliced Wasserstein distance of a batch's latents from as many of the prior,
                with an encoder.
            class_latents: Whether a latent has a class, with an encoder and class logits.
            seed: Of all that is random.
        """
        super().__init__()
        self.generator = generator
        self.average = average
        self.average.trainable = False
        self.discriminator: Any = discriminator
        self.encoder = encoder
        self.objective = objective
        self.prior = prior
        self.discriminator_steps = discriminator_steps
        self.penalty = penalty
        self.decay = decay
        self.beta_reconstruction = beta_reconstruction
        self.beta_kl = beta_kl
        self.kl_warmup = kl_warmup
        self.beta_class = beta_class
        self.beta_features = beta_features
        self.beta_swd = beta_swd
        self.class_latents = class_latents
        self.seed = seed
        names = ["discriminator", "penalty", "real", "fake"] if self.is_adversarial else []
        names += ["reconstruction", "kl"] if encoder else []
        names += ["real_class", "fake_class"] if self.has_classes else []
        names += ["features", "reconstruction_class"] if self.has_classes and encoder else []
        names += ["swd"] if beta_swd else []
        names += ["latent_class"] if class_latents else []
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        self.discriminator_optimizer: Any = None
        self.built = True

    @property
    def is_adversarial(self) -> bool:
        """Whether the discriminator's score is trained and heeded."""
        return self.objective != "vae"

    @property
    def has_classes(self) -> bool:
        """Whether the discriminator tells classes."""
        return bool(getattr(self.discriminator, "num_classes", 0))

    @property
    def metrics(self):
        return list(self.trackers.values())

    @property
    def maker_variables(self) -> list[Any]:
        """What the generator's optimizer trains."""
        encoder = self.encoder.trainable_variables if self.encoder else []
        return self.generator.trainable_variables + encoder

    def compile_optimizers(
        self, optimizer: keras.optimizers.Optimizer, discriminator_optimizer: keras.optimizers.Optimizer
    ) -> None:
        """Sets the two optimizers and makes their variables."""
        self.compile(optimizer=optimizer, jit_compile=False)
        optimizer.build(self.maker_variables)
        if self.discriminator:
            self.discriminator_optimizer = discriminator_optimizer
            discriminator_optimizer.build(self.discriminator.trainable_variables)

    def train_step(self, data):
        """One step.

        Args:
            data: Sounds, float32 [discriminator_steps, batch, 16384], and labels int64 [discriminator_steps, batch].
        """
        x, labels = data
        # Before any update: the optimizer counts the generator's.
        step = tf.identity(self.optimizer.iterations.value)
        if self.discriminator:
            for i in range(self.discriminator_steps):
                self._update_discriminator(x[i], labels[i], step, i)
        self._update_generator(x[-1], labels[-1], step)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _seed(self, step: tf.Tensor, *stream: int) -> tf.Tensor:
        seed = step_seed(self.seed, step, stream[0])
        for number in stream[1:]:
            seed = tf.random.fold_in(seed, number)
        return seed

    def _represent(self, x: tf.Tensor) -> tf.Tensor:
        return self.discriminator.represent(x) if isinstance(self.discriminator, SpectrogramDiscriminator) else x

    def _judge(self, representation, seed):
        judgement = self.discriminator(representation, seed=seed)
        return (judgement[:, 0], judgement[:, 1:]) if judgement.shape.rank == 2 else (judgement, None)

    def _update_discriminator(self, x, labels, step, i):
        real = self._represent(x[..., tf.newaxis])
        if self.is_adversarial:
            z = sample_prior(self.prior, (x.shape[0], self.generator.latent_dim), self._seed(step, 0, i))
            fake = self._represent(self.generator(z, training=True))
        with tf.GradientTape() as tape:
            real_scores, logits = self._judge(real, self._seed(step, 1, i))
            loss = self._score_loss(real, real_scores, fake, step, i) if self.is_adversarial else 0.0
            if logits is not None:
                entropy = _cross_entropy(labels, logits)
                loss += entropy
                self.trackers["real_class"].update_state(entropy)
            loss /= self.distribute_strategy.num_replicas_in_sync
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)

    def _score_loss(self, real, real_scores, fake, step, i):
        fake_scores, _ = self._judge(fake, self._seed(step, 2, i))
        seed = self._seed(step, 4, i)
        if self.objective == "wgan_gp":
            loss = tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)
            shares = sample_prior("uniform", (real.shape[0], *[1] * (len(real.shape) - 1)), self._seed(step, 3, i))
            between = real + (0.5 + 0.5 * shares) * (fake - real)
            penalty = self.penalty * tf.reduce_mean(tf.square(self._gradient_norm(between, seed) - 1.0))
        else:
            loss = tf.reduce_mean(tf.nn.softplus(fake_scores) + tf.nn.softplus(-real_scores))
            penalty = tf.cond(
                step % PENALTY_INTERVAL == 0,
                lambda: tf.reduce_mean(tf.square(self._gradient_norm(real, seed))),
                lambda: tf.zeros([]),
            )
            penalty *= 0.5 * self.penalty * PENALTY_INTERVAL
        for name, value in (
            ("discriminator", loss), ("penalty", penalty), ("real", real_scores), ("fake", fake_scores)
        ):  # fmt: skip
            self.trackers[name].update_state(value)
        return loss + penalty

    def _gradient_norm(self, x, seed):
        with tf.GradientTape() as tape:
            tape.watch(x)
            scores = tf.reduce_sum(self._judge(x, seed)[0])
        gradient = tape.gradient(scores, x)
        return tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(x.shape)))) + 1e-12)

    def _update_generator(self, x, labels, step):
        batch = x.shape[0]
        shape = (batch, self.generator.latent_dim)
        with tf.GradientTape() as tape:
            loss = 0.0
            z = []
            prior = sample_prior(self.prior, shape, self._seed(step, 6))
            if self.encoder:
                mu, sigma = self.encoder(x)
                kl = tf.reduce_mean(losses.gaussian_kl(mu, sigma))
                self.trackers["kl"].update_state(kl)
                warmth = tf.minimum(1.0, tf.cast(step, tf.float32) / self.kl_warmup) if self.kl_warmup else 1.0
                loss += self.beta_kl * warmth * kl
                z.append(mu + sigma * replica_normal(shape, self._seed(step, 5)))
                if self.beta_swd:
                    distance = losses.sliced_wasserstein_distance(
                        z[0], prior, num_projections=shape[1], seed=self._seed(step, 8), orthogonal=True
                    )
                    self.trackers["swd"].update_state(distance)
                    loss += self.beta_swd * distance
                if self.class_latents:
                    entropy = _cross_entropy(labels, CLASS_SHARPNESS * self._class_part(z[0]))
                    self.trackers["latent_class"].update_state(entropy)
                    loss += self.beta_class * entropy
            if self.discriminator:
                z.append(prior)
            made = self.generator(tf.concat(z, axis=0), training=True)
            if self.encoder:
                # At half the rate where that is all there is.
                every = 2 if self.generator.half_rate else 1
                distance = tf.reduce_mean(spectral_distance(x[:, ::every], made[:batch, ::every, 0]))
                self.trackers["reconstruction"].update_state(distance)
                loss += self.beta_reconstruction * distance
            if self.is_adversarial:
                loss += self._adversarial_loss(made[-batch:], step)
            if self.has_classes:
                loss += self._listening_loss(x, labels, made, prior)
            loss /= self.distribute_strategy.num_replicas_in_sync
        self.optimizer.apply(tape.gradient(loss, self.maker_variables), self.maker_variables)
        # A young average follows fast, so that it does not remember the beginning.
        decay = tf.minimum(self.decay, (1.0 + tf.cast(step, tf.float32)) / (10.0 + tf.cast(step, tf.float32)))
        for average, weight in zip(self.average.weights, self.generator.weights, strict=True):
            average.value.assign_add((1.0 - decay) * (weight.value - average.value))

    def _adversarial_loss(self, fake, step):
        scores, _ = self._judge(self._represent(fake), self._seed(step, 7))
        return -tf.reduce_mean(scores) if self.objective == "wgan_gp" else tf.reduce_mean(tf.nn.softplus(-scores))

    def _class_part(self, z):
        """The coordinates of latents that tell their class."""
        return z[:, : self.discriminator.num_classes]

    def _listening_loss(self, x, labels, made, prior):
        """What the discriminator's classes and activations ask of sounds, `made` of x, if so, and of the prior."""
        batch = x.shape[0]
        activations = self.discriminator.activations(self._represent(made))
        logits = self.discriminator.judge(activations)[:, 1:]
        if self.class_latents:
            doubt = _cross_entropy(tf.argmax(self._class_part(prior), axis=1), logits[-batch:])
            loss = self.beta_class * doubt
        else:
            probabilities = tf.nn.softmax(logits[-batch:])
            doubt = tf.reduce_mean(_entropy(probabilities))
            loss = self.beta_class * (doubt - _entropy(tf.reduce_mean(probabilities, axis=0)))
        self.trackers["fake_class"].update_state(doubt)
        if self.encoder:
            entropy = _cross_entropy(labels, logits[:batch])
            self.trackers["reconstruction_class"].update_state(entropy)
            distance = 0.0
            wanted = self.discriminator.activations(self._represent(x[..., tf.newaxis]))
            for ours, theirs in zip(activations, wanted, strict=True):
                theirs = tf.cast(tf.stop_gradient(theirs), tf.float32)
                error = _mean_size(tf.cast(ours[:batch], tf.float32) - theirs)
                distance += tf.reduce_mean(error / (_mean_size(theirs) + 1e-6))
            self.trackers["features"].update_state(distance)
            loss += self.beta_class * entropy + self.beta_features * distance
        return loss


def _mean_size(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(x), axis=list(range(1, len(x.shape))))


def _cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def _entropy(probabilities: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_sum(probabilities * tf.math.log(probabilities + 1e-8), axis=-1)
