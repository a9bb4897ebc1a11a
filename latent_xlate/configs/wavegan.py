"""WaveGAN: the original's recipe on SC09, and a compact one for spoken digits in two stages."""

from __future__ import annotations

import dataclasses
import sys

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from latent_xlate import checks
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings

MODES = ("original", "vae", "feature_matching")

ALIASES = {"listening": "feature_matching"}
"""Former names of modes, which still work."""


def get_config(mode: str = "original") -> ConfigDict:
    """Configuration of a WaveGAN's training.

    Args:
        mode: "original" is the recipe of Donahue et al. 2018 on SC09, which takes days on a GPU. The other modes train
            a compact model of the shipped spoken digits, within an hour on one CPU core: "vae" is the first stage, and
            "feature_matching" the second, which starts from the first (`--config.initial=WORKDIR`).

    Raises:
        ValueError: The mode is unknown.
    """
    if mode in ALIASES:
        print(f"Mode {mode!r} is now called {ALIASES[mode]!r}.", file=sys.stderr)
        mode = ALIASES[mode]
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
            # With a KL weight ten times as large the posterior collapses to two nats.
            beta_kl=0.1,
            kl_warmup=2_000,
            latent_dim=32,
            prior="normal",
            dim=16,
            half_rate=True,
            align=True,
            encoder=True,
            # For the same CPU time, feature matching and classes improve sounds more than the spectral distance alone.
            discriminator="spectrogram",
            beta_class=1.0,
            beta_features=5.0,
            precision="mixed_bfloat16",
        )
    if mode == "feature_matching":
        settings = dataclasses.replace(settings, num_steps=1_500, learning_rate=2e-4, kl_warmup=0, beta_class=4.0)
    config.settings = ConfigDict(dataclasses.asdict(settings))
    return config
