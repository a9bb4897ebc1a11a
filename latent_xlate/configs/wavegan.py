"""WaveGAN: the original's recipe, and a compact one of spoken digits in two stages."""

from __future__ import annotations

import dataclasses

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from latent_xlate import checks
from latent_xlate.domains.wavegan_training import WaveGANSettings

MODES = ("original", "vae", "adversarial")


def get_config(mode: str = "original") -> ConfigDict:
    """Settings of the training of a WaveGAN.

    Args:
        mode: "original", that of Donahue et al. 2018 on SC09, days on a GPU; or, of the spoken digits that ship,
            an hour on a core, "vae", the first stage, and "adversarial", the second, which starts from the first
            (`--config.initial=WORKDIR`).

    Raises:
        ValueError: Unknown mode.
    """
    checks.known(mode, MODES, "mode")
    config = ConfigDict()
    config.dataset = "sc09"
    config.initial = placeholder(str)
    config.steps_per_log = 100
    config.logs_per_checkpoint = 10
    settings = WaveGANSettings()
    if mode != "original":
        config.dataset = "spoken_digit"
        settings = WaveGANSettings(
            objective="vae",
            num_steps=3_000,
            batch_size=20,
            learning_rate=5e-4,
            schedule="cosine",
            # With ten times this the posterior keeps two nats, and the generator one sound.
            beta_kl=0.1,
            kl_warmup=1_000,
            latent_dim=32,
            prior="normal",
            dim=20,
            half_rate=True,
            align=True,
            encoder=True,
            # Whose classes and activations a second of CPU time buys more with than with the spectral distance.
            discriminator="spectrogram",
            beta_class=2.0,
            beta_features=5.0,
            beta_swd=5.0,
            class_latents=True,
            precision="mixed_bfloat16",
        )
    if mode == "adversarial":
        settings = dataclasses.replace(
            settings,
            objective="r1",
            num_steps=2_400,
            learning_rate=3e-4,
            discriminator_steps=1,
            penalty=1.0,
            # Less than the first stage's, beside which the adversarial gradients would hardly count; the divergence,
            # whose posteriors were too narrow for the prior to have something of each between them, is held up.
            beta_reconstruction=40.0,
            beta_kl=0.12,
            kl_warmup=0,
            beta_features=3.0,
            beta_swd=3.0,
        )
    config.settings = ConfigDict(dataclasses.asdict(settings))
    return config
