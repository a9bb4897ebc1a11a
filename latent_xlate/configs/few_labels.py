"""Few labels: a bridge whose labelled instances label all others along a graph of latents."""

from ml_collections import ConfigDict

from latent_xlate import checks
from latent_xlate.configs.base import image_bridge

PAIRS = {
    "mnist_mnist": ("mnist", "mnist_b"),
    "mnist_fashion_mnist": ("mnist", "fashion_mnist"),
    "mnist_spoken_digit": ("mnist", "spoken_digit"),  # Of recordings: samples have no labels but the judge's.
}
_SUFFIXES = {"": "best", "_quick": "quick"}


def get_config(pair_and_mode: str = "mnist_mnist") -> ConfigDict:
    """Settings of a bridge of ten labels a class, unless told (`--config.labels_per_class`, `--config.label_file`).

    Args:
        pair_and_mode: One of `PAIRS`, or one with "_quick" at its end, on the latents that ship.

    Raises:
        ValueError: Unknown pair or mode.
    """
    names = {
        f"{pair}{suffix}": (domains, mode) for pair, domains in PAIRS.items() for suffix, mode in _SUFFIXES.items()
    }
    domains, mode = names[checks.known(pair_and_mode, names, "pair of domains")]
    config = image_bridge(domains, mode)
    config.latents = config.latents.removesuffix("+shifted")  # A label is of one instance, not of its copies.
    config.labels_per_class = 10
    # Which label every instance: batches are balanced by what they say.
    config.pseudo_labels = "poisson_mbo"
    config.equal_class_sizes = True
    config.sampling = "balanced"
    # Further uses of the labels, see `LabelTerms`; off, until one is shown to help.
    config.label_terms = ConfigDict(
        {"beta_class_swd": 0.0, "beta_consistency": 0.0, "beta_translation": 0.0, "ramp_steps": 500}
    )
    return config
