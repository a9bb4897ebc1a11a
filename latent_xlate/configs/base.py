"""Settings that the experiments share."""

from __future__ import annotations

from collections.abc import Sequence

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from latent_xlate import checks

MODES = ("best", "paper", "quick")


def image_bridge(domains: Sequence[str], mode: str) -> ConfigDict:
    """Settings of a bridge between domains of images.

    Args:
        domains: Names of pretrained domains, or folders that `Domain.save` wrote.
        mode: "paper", the supplement's B.1; "best", what reached the best figures here; or "quick",
            the same in about a minute, on the latents that ship with the project.

    Raises:
        ValueError: Unknown mode.
    """
    checks.known(mode, MODES, "mode")
    config = ConfigDict()
    config.domains = tuple(domains)
    config.latents = "dataset"  # or others, joined by "+", see `latent_sources.load_latents`
    config.labels_per_class = placeholder(int)  # All; or a few of each class, with sampling "mixed" or "uniform".
    config.label_seed = 0  # Of the choice of those few.
    config.label_file = placeholder(str)  # In their place those of a table, see `suggest_labels`.
    # How the few label the rest along a graph: one of `label_propagation.METHODS`; and whether classes are of one size.
    config.pseudo_labels = placeholder(str)
    config.equal_class_sizes = False
    config.sampling = "balanced"
    config.seed = 0
    config.model = ConfigDict(
        {
            "shared_dim": 8,
            "hidden_units": (512, 512, 512, 512),
            "beta_kl": 0.05,
            "beta_swd": 1.0,
            "beta_cls": 0.05,
            "reconstruction": "mean",
            "swd_order": 2.0,
            "num_projections": 64,
            "orthogonal_projections": False,
            "conditional": True,
            "gated_mixing": True,
            "classifier": "linear",
        }
    )
    config.num_steps = 50_000
    config.batch_size = 128
    config.learning_rate = 1e-3
    config.schedule = "constant"  # or "cosine", down to zero
    config.precision = "float32"
    config.steps_per_log = 500
    config.steps_per_checkpoint = 2_500
    if mode == "paper":
        return config
    # Chosen on the validation split: without shifted images more steps overfit the labels, and a smaller shared latent
    # loses detail.
    config.latents = "dataset+shifted"
    config.num_steps = 10_000
    config.schedule = "cosine"
    config.model.shared_dim = 16
    config.model.beta_kl = 0.005
    config.model.beta_cls = 1.0
    if mode == "quick":
        config.latents = "shipped"  # Those of 10,000 training images a domain.
        config.num_steps = 2_000
        config.steps_per_checkpoint = 500
        config.steps_per_log = 100
    return config


def sound_bridge(images: Sequence[str], sounds: Sequence[str], mode: str) -> ConfigDict:
    """Settings of a bridge between domains of images and of sounds.

    Args:
        images: Names of domains of images, as `image_bridge` takes them.
        sounds: Names of domains of sounds, likewise.
        mode: As in `image_bridge`.

    Raises:
        ValueError: Unknown mode.
    """
    config = image_bridge([*images, *sounds], mode)
    # Of a sound's domain samples as in the paper, since a GAN has no posteriors, and posteriors where it has.
    of_sounds = {"paper": "samples", "best": "dataset+samples", "quick": "shipped+samples"}[mode]
    config.latents = ",".join([config.latents] * len(images) + [of_sounds] * len(sounds))
    if mode == "paper":
        config.model.update(
            {
                "shared_dim": 16,
                "hidden_units": (1024,) * 8,
                "beta_kl": 0.01,
                "beta_swd": 3.0,
                "beta_cls": 0.3,
            }
        )
    return config


def baseline(name: str, mode: str, modes: Sequence[str]) -> ConfigDict:
    """Settings that the baselines share; to them each adds its own (`model`, `num_steps`, `batch_size`).

    Args:
        name: One of `baseline_training.BASELINES`.
        mode: One of `modes`: "best", a quarter of an hour or less on one core; "wide", the widths of the original
            publication, for a GPU; or "quick", a minute or two, to see it all work.
        modes: Those that it has.

    Raises:
        ValueError: Unknown mode.
    """
    checks.known(mode, modes, "mode")
    config = ConfigDict()
    config.baseline = name
    config.domains = ("mnist", "fashion_mnist")
    config.seed = 0
    config.learning_rate = 2e-4
    config.beta_1 = 0.5  # of Adam
    config.schedule = "cosine"  # or "constant"
    config.precision = "float32"
    config.steps_per_log = 20 if mode == "quick" else 100
    config.steps_per_checkpoint = 100 if mode == "quick" else 500
    return config
