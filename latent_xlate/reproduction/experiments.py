"""The configurations of the runs behind the paper's tables and figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from latent_xlate import configs
from latent_xlate.baselines.baseline_config import LABELLED_RIVALS
from latent_xlate.latents.interpolation import METHODS
from latent_xlate.reproduction import paper

SPEECH = "spoken_digit"
"""The domain that stands in for the paper's SC09."""

_UNLABELLED = "gromov_wasserstein"

PAIRS = {
    "mnist_fashion_mnist": ("mnist", "fashion_mnist"),
    "mnist_mnist": ("mnist", "mnist_b"),
    "mnist_spoken_digit": ("mnist", SPEECH),
}
"""The pairs of domains of Table 1, by the name of their bridges' configuration."""

GRAPH_LABELS: Mapping[str, tuple[int, ...]] = {
    "mnist_mnist": (1, 10, 100, 1000),
    "mnist_fashion_mnist": (10,),
    "mnist_spoken_digit": (10,),
}
"""For each pair of domains, the numbers of labels a class of the bridges that propagate labels along a graph."""

_QUICK_GRAPH_LABELS: Mapping[str, tuple[int, ...]] = {"mnist_mnist": (10,)}
_QUICK_LABELS = (0, 1, 10, None)
_QUICK_BASELINES: Mapping[str, dict[str, Any]] = {
    "pix2pix": {"filters": 4, "depth": 2, "discriminator_filters": 4},
    "cyclegan": {"filters": 4, "num_blocks": 1, "discriminator_filters": 4, "pool_size": 8},
    "latent_cyclegan": {"hidden_units": (64, 64), "discriminator_units": (64,)},
    "rectified_flow": {"hidden_units": (64, 64)},
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of a reproduction.

    Attributes:
        quick: Whether to use small networks, few steps and the shipped latents, to see all of it work in minutes.
        mode: Mode of the bridges' configurations, "best" or "paper"; ignored where `quick`.
        num_seeds: Number of runs of each experiment, with seeds from 0; figures show the first.
        num_baseline_seeds: Number of runs of each baseline, likewise.
        num_label_seeds: Number of runs, each with its own labelled set, of each number of labels in Table 3.
        num_steps: Training steps of each bridge; None for those of its configuration.
        baseline_steps: Training steps of each baseline; None likewise.
        interpolation: One of `latents.interpolation.METHODS`.
        data_dir: Folder of TFDS data sets; None for the default.
    """

    quick: bool = False
    mode: str = "best"
    num_seeds: int = 3
    num_baseline_seeds: int = 3
    num_label_seeds: int = 5
    num_steps: int | None = None
    baseline_steps: int | None = None
    interpolation: str = METHODS[0]
    data_dir: str | None = None


def bridges(settings: Settings, name: str, **model: Any) -> list[ConfigDict]:
    """Bridges of one configuration, one for each seed.

    Args:
        settings: The settings of the reproduction.
        name: Name of the configuration.
        **model: Values of the model's hyperparameters that differ from it.
    """
    return [_bridge(settings, name, seed, **model) for seed in range(settings.num_seeds)]


def faithful(settings: Settings, name: str) -> list[ConfigDict]:
    """Bridges in the mode `faithful`, one for each seed. In a quick reproduction they have the quick ones' latents."""
    runs = []
    for seed in range(settings.num_seeds):
        config = _adapted(configs.load(f"{name}:faithful"), settings, seed)
        if settings.quick:
            config.latents = configs.load(f"{name}:quick").latents
        runs.append(config)
    return runs


def rivals(settings: Settings) -> dict[str, list[list[ConfigDict]]]:
    """Beyond the paper's baselines: other bridges between latents, with a list of runs for each pair of images.

    Gromov-Wasserstein, which sees no labels, is for the two VAEs of MNIST alone.
    """
    pairs = [domains for domains in PAIRS.values() if SPEECH not in domains]
    runs = {name: [baselines(settings, name, domains) for domains in pairs] for name in LABELLED_RIVALS}
    return runs | {_UNLABELLED: [baselines(settings, _UNLABELLED, PAIRS["mnist_mnist"])]}


def baselines(settings: Settings, name: str, domains: tuple[str, str]) -> list[ConfigDict]:
    """Baselines of one configuration between two domains, one for each seed."""
    runs = []
    for seed in range(settings.num_baseline_seeds):
        config = configs.load(f"{name}:{'quick' if settings.quick else 'best'}")
        config.domains = domains
        config.seed = seed
        if SPEECH in domains:
            config.latents = "shipped,samples" if settings.quick else "dataset,samples"
        if settings.quick:
            config.model.update(_QUICK_BASELINES.get(name, {}))
            config.update({"num_steps": 10, "batch_size": 8, "steps_per_log": 5})
        config.num_steps = settings.baseline_steps or config.num_steps
        runs.append(config)
    return runs


def few_labels(settings: Settings) -> dict[int | None, list[ConfigDict]]:
    """Table 3: for each number of labels a class (None for all) bridges from MNIST to MNIST.

    Each run has its own labelled set. Batches are balanced by the labels that the run sees, or not at all.
    """
    runs: dict[int | None, list[ConfigDict]] = {}
    for per_class in _QUICK_LABELS if settings.quick else paper.LABELS_PER_CLASS:
        runs[per_class] = []
        for seed in range(settings.num_label_seeds):
            config = _bridge(settings, "mnist_mnist", seed)
            if per_class is not None:
                # A label is given to an instance, not to its copies.
                config.latents = config.latents.removesuffix("+augmented")
                config.update({"labels_per_class": per_class, "label_seed": seed})
                config.sampling = "mixed" if per_class else "uniform"
            runs[per_class].append(config)
    return runs


def graph_labels(settings: Settings) -> dict[tuple[str, int], list[ConfigDict]]:
    """Beyond Table 3: for each pair and number of labels a class, bridges whose labels are propagated along a graph.

    Each run has its own random labelled set. The configurations are those of `configs.few_labels`, in their "best" mode
    whatever the reproduction's.
    """
    runs: dict[tuple[str, int], list[ConfigDict]] = {}
    for pair, counts in _QUICK_GRAPH_LABELS.items() if settings.quick else GRAPH_LABELS.items():
        for count in counts:
            runs[pair, count] = []
            for seed in range(settings.num_label_seeds):
                config = _adapted(
                    configs.load(f"few_labels:{pair}{'_quick' if settings.quick else ''}"), settings, seed
                )
                config.update({"labels_per_class": count, "label_seed": seed})
                runs[pair, count].append(config)
    return runs


def ablation(settings: Settings) -> dict[str, list[ConfigDict]]:
    """Table 4: for each row bridges from MNIST to MNIST with all labels; the paper's rows come first."""
    whole = bridges(settings, "mnist_mnist")[0].model
    rows: dict[str, dict[str, Any]] = {
        "unconditional VAE": {"conditional": False, "beta_swd": 0.0},
        "conditional VAE": {"beta_swd": 0.0},
        "conditional VAE + SWD": {},
        "without the classifier": {"beta_cls": 0.0},
        "without gated mixing": {"gated_mixing": False},
        "without the KL divergence": {"beta_kl": 0.0},
    }
    rows |= {f"projections: {count}": {"num_projections": count} for count in (1, 8, 512)}
    rows |= {f"shared latent of {dim}": {"shared_dim": dim} for dim in (2, 4, 8, 32) if dim != whole.shared_dim}
    return {name: bridges(settings, "mnist_mnist", **model) for name, model in rows.items()}


def _bridge(settings: Settings, name: str, seed: int, **model: Any) -> ConfigDict:
    config = _adapted(configs.load(f"{name}:{'quick' if settings.quick else settings.mode}"), settings, seed)
    config.model.update(model)
    return config


def _adapted(config: ConfigDict, settings: Settings, seed: int) -> ConfigDict:
    config.seed = seed
    if settings.quick:
        config.model.hidden_units = (64, 64)
        config.update({"num_steps": 100, "steps_per_log": 50})
    config.num_steps = settings.num_steps or config.num_steps
    return config
