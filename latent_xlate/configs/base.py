"""The configurations that the experiments share, from which each file here departs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_collections import ConfigDict

from latent_xlate import checks
from latent_xlate.baselines.baseline_config import BaselineConfig
from latent_xlate.bridge.bridge_config import BridgeConfig, TransportConfig

MODES = ("best", "faithful", "paper", "quick")


def image_bridge(domains: Sequence[str], mode: str) -> ConfigDict:
    """The configuration of a bridge between domains of images.

    Args:
        domains: Names of pretrained domains, or folders that `Domain.save` wrote.
        mode: "paper", the paper's (supplement B.1); "best", with which the most translations keep their class;
            "faithful", the same and transport between shared latents, by which translations are as varied as the
            target's own data; or "quick", the first for about a minute, on the latents that ship with the project.

    Raises:
        ValueError: Unknown mode.
    """
    checks.known(mode, MODES, "mode")
    config = BridgeConfig(domains=tuple(domains)).to_config_dict()
    if mode == "paper":
        return config
    # Chosen on the validation split: without augmented images more steps overfit the labels, and a smaller shared
    # latent loses detail.
    config.latents = "dataset+augmented"
    config.num_steps = 10_000
    config.schedule = "cosine"
    config.model.update(shared_dim=16, beta_kl=0.005, beta_cls=1.0)
    if mode == "faithful":
        with config.unlocked():
            config.transport = TransportConfig(
                certainty=0.75, smoothing=0.005, aligned=True, residual_axes=24
            ).to_config_dict()
    if mode == "quick":
        config.latents = "shipped"  # Latents of 10,000 training images of each domain.
        config.update(num_steps=2_000, steps_per_checkpoint=500, steps_per_log=100)
    return config


def sound_bridge(images: Sequence[str], sounds: Sequence[str], mode: str) -> ConfigDict:
    """The configuration of a bridge between domains of images and of sounds.

    Args:
        images: Names of domains of images, as `image_bridge` takes them.
        sounds: Names of domains of sounds, likewise.
        mode: As in `image_bridge`.

    Raises:
        ValueError: Unknown mode.
    """
    config = image_bridge([*images, *sounds], mode)
    # Samples, as in the paper, since a GAN has no posteriors; and posteriors too, where a domain has an encoder.
    sound_latents = {"paper": "samples", "quick": "shipped+samples"}.get(mode, "dataset+samples")
    config.latents = ",".join([config.latents] * len(images) + [sound_latents] * len(sounds))
    if mode == "paper":
        config.model.update(shared_dim=16, hidden_units=(1024,) * 8, beta_kl=0.01, beta_swd=3.0, beta_cls=0.3)
    return config


def baseline(name: str, mode: str, modes: Sequence[str], **fields: Any) -> ConfigDict:
    """The configuration of a baseline, with its model's defaults.

    Args:
        name: One of `baseline_config.BASELINES`.
        mode: One of `modes`: "best", a quarter of an hour or less on one core; "wide", with the widths of the original
            publication, for a GPU; or "quick", a minute or two, to see it all work.
        modes: The modes that it has.
        **fields: Values of fields.

    Raises:
        ValueError: Unknown mode.
    """
    checks.known(mode, modes, "mode")
    intervals = {"steps_per_log": 20, "steps_per_checkpoint": 100} if mode == "quick" else {}
    return BaselineConfig.named(name, **intervals, **fields).to_config_dict()


def latent_baseline(name: str, mode: str, modes: Sequence[str], **fields: Any) -> ConfigDict:
    """The configuration of a baseline of latents: those of the data sets, or in the mode "quick" those that ship.

    Args and errors are those of `baseline`.
    """
    return baseline(name, mode, modes, latents="shipped" if mode == "quick" else "dataset", **fields)
