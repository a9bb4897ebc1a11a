"""WaveGAN: the original's recipe, and a compact one of spoken digits in two stages."""

from __future__ import annotations

import dataclasses

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from latent_xlate import checks
from latent_xlate.domains.speech.wavegan_training import WaveGANSettings

MODES = ("original", "vae", "listening")


def get_config(mode: str = "original") -> ConfigDict:
    """Settings of the training of a WaveGAN.

    Args:
        mode: "original", that of Donahue et al. 2018 on SC09, days on a GPU; or, of the spoken digits that ship,
            an hour on a core, "vae", the first stage, and "listening", the second, which starts from the first
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
            batch_size=24,
            learning_rate=5e-4,
            # With ten times this the posterior keeps two nats, and the generator one sound.
            beta_kl=0.1,
            kl_warmup=2_000,
            latent_dim=32,
            prior="normal",
            dim=16,
            half_rate=True,
            align=True,
            encoder=True,
            # Whose classes and activations a second of CPU time buys more with than with the spectral distance.
            discriminator="spectrogram",
            beta_class=1.0,
            beta_features=5.0,
            precision="mixed_bfloat16",
        )
    if mode == "listening":
        settings = dataclasses.replace(settings, num_steps=1_500, learning_rate=2e-4, kl_warmup=0, beta_class=4.0)
    config.settings = ConfigDict(dataclasses.asdict(settings))
    return config
