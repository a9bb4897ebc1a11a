"""Settings of a WaveGAN's training."""

from __future__ import annotations

import dataclasses

from latent_xlate import checks
from latent_xlate.domains.speech.priors import PRIORS
from latent_xlate.optimizer import PRECISIONS, SCHEDULES

OBJECTIVES = ("wgan_gp", "r1", "vae")

DISCRIMINATORS = ("waveform", "spectrogram")


@dataclasses.dataclass(frozen=True)
class WaveGANSettings:
    """Everything that determines a run except its data. The defaults are those of Donahue et al. 2018.

    Attributes:
        objective: One of `OBJECTIVES`; `WaveGANTrainer` describes them.
        discriminator: One of `DISCRIMINATORS`. With objective "vae" a discriminator exists only if `beta_class` is
            positive, and only its class logits are used.
        num_steps: Number of generator updates. A run with a constant learning rate can be continued with more.
        batch_size: Global batch size.
        learning_rate: Adam's learning rate, the same for all networks.
        schedule: One of `optimizer.SCHEDULES`. Every schedule other than "constant" ends at `num_steps`, so that the
            run cannot be continued beyond it.
        latent_dim: Size of z.
        prior: One of `priors.PRIORS`.
        dim: Number of channels of the generator and of the waveform discriminator; see `WaveGANGenerator`.
        discriminator_dim: Number of channels of the spectrogram discriminator; see `SpectrogramDiscriminator`.
        half_rate: Whether only the lower half of the frequencies is generated; see `WaveGANGenerator`.
        speeds: Further playback speeds, as factors from 0.5 to 2, at which each recording is added to the training
            data. They stand in for more speakers.
        align: Whether recordings are aligned in time and normalised in loudness; see `modalities.alignment`.
        discriminator_steps: Discriminator updates before each generator update; with objective "vae" it is one.
        penalty: Weight of the gradient penalty.
        encoder: Whether an encoder is trained as well; objective "vae" always has one.
        beta_reconstruction: Weight of the spectral distance of reconstructions; needs an encoder.
        beta_kl: Weight of the KL divergence of the posterior from the prior; needs an encoder.
        kl_warmup: Number of steps over which the KL weight grows linearly from zero.
        beta_class: Weight of the classification losses of the generator. Zero means that the discriminator has no
            class logits. Needs the spectrogram discriminator.
        beta_features: Weight of feature matching between recordings and their reconstructions; needs an encoder and
            class logits.
        beta_swd: Weight of the sliced Wasserstein distance between a batch of posterior samples and the prior; needs
            an encoder.
        class_latents: Whether the first coordinates of z, one for each class, are trained as class logits. Needs an
            encoder and class logits; batches are then class-balanced.
        decay: Decay of the exponential moving average of the generator's weights, which is the model that is saved.
        seed: Seed of the initial weights, the order of the data and all noise.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
    """

    objective: str = "wgan_gp"
    discriminator: str = "waveform"
    num_steps: int = 200_000
    batch_size: int = 64
    learning_rate: float = 1e-4
    schedule: str = "constant"
    latent_dim: int = 100
    prior: str = "uniform"
    dim: int = 64
    discriminator_dim: int = 16
    half_rate: bool = False
    speeds: tuple[float, ...] = ()
    align: bool = False
    discriminator_steps: int = 5
    penalty: float = 10.0
    encoder: bool = False
    beta_reconstruction: float = 100.0
    beta_kl: float = 1.0
    kl_warmup: int = 1000
    beta_class: float = 0.0
    beta_features: float = 0.0
    beta_swd: float = 0.0
    class_latents: bool = False
    decay: float = 0.999
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        checks.known(self.objective, OBJECTIVES, "objective")
        checks.known(self.discriminator, DISCRIMINATORS, "discriminator")
        checks.known(self.prior, PRIORS, "prior")
        checks.known(self.schedule, SCHEDULES, "schedule")
        checks.known(self.precision, PRECISIONS, "precision")
        if self.has_encoder and self.prior != "normal":
            raise ValueError("An encoder needs prior=normal.")
        if self.discriminator == "spectrogram" and not self.half_rate:
            raise ValueError("The spectrogram discriminator needs half_rate.")
        if self.beta_class and self.discriminator != "spectrogram":
            raise ValueError("Only discriminator=spectrogram has class logits, which beta_class needs.")
        if self.beta_features and not (self.beta_class and self.has_encoder):
            raise ValueError("beta_features needs an encoder, and class logits (beta_class), to compare activations.")
        if self.beta_swd and not self.has_encoder:
            raise ValueError("beta_swd needs an encoder, whose latents are compared with the prior.")
        if not all(0.5 <= speed <= 2.0 for speed in self.speeds):
            raise ValueError(f"speeds are {self.speeds}; each must be from 0.5 to 2.")
        if self.class_latents and not (self.beta_class and self.has_encoder):
            raise ValueError("class_latents needs an encoder, and class logits (beta_class).")

    @property
    def has_encoder(self) -> bool:
        """Whether an encoder is trained."""
        return self.encoder or self.objective == "vae"

    @property
    def is_adversarial(self) -> bool:
        """Whether the generator is trained against a discriminator's score."""
        return self.objective != "vae"

    @property
    def has_classes(self) -> bool:
        """Whether the discriminator has class logits."""
        return self.beta_class > 0

    @property
    def has_discriminator(self) -> bool:
        """Whether a discriminator is trained, for its score or its class logits."""
        return self.is_adversarial or self.has_classes

    @property
    def batches_per_step(self) -> int:
        """Number of batches that one training step consumes, one for each discriminator update."""
        return self.discriminator_steps if self.is_adversarial else 1
