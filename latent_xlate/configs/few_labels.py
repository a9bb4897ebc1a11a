"""Few labels: a bridge whose labelled instances label all others along a graph of latents."""

from ml_collections import ConfigDict

from latent_xlate import checks
from latent_xlate.bridge.bridge_config import LabelTermsConfig
from latent_xlate.configs.base import image_bridge

PAIRS = {
    "mnist_mnist": ("mnist", "mnist_b"),
    "mnist_fashion_mnist": ("mnist", "fashion_mnist"),
    "mnist_spoken_digit": ("mnist", "spoken_digit"),  # Recordings: samples are labelled by the judge alone.
}
_SUFFIXES = {"": "best", "_faithful": "faithful", "_quick": "quick"}
_MODES = {f"{pair}{suffix}": (pair, mode) for pair in PAIRS for suffix, mode in _SUFFIXES.items()}
MODES = tuple(_MODES)


def get_config(pair_and_mode: str = "mnist_mnist") -> ConfigDict:
    """Ten labels a class, unless `--config.labels_per_class` or `--config.label_file` says otherwise.

    Args:
        pair_and_mode: One of `PAIRS`; or one followed by "_faithful", with transport between shared latents, or by
            "_quick", on the latents that ship.

    Raises:
        ValueError: Unknown pair or mode.
    """
    pair, mode = _MODES[checks.known(pair_and_mode, MODES, "pair of domains")]
    config = image_bridge(PAIRS[pair], mode)
    config.latents = config.latents.removesuffix("+augmented")  # A label is given to an instance, not to its copies.
    config.labels_per_class = 10
    config.pseudo_labels = "poisson_mbo"  # These label every instance, so batches can be balanced.
    config.equal_class_sizes = True
    config.label_terms = LabelTermsConfig(ramp_steps=500).to_config_dict()  # Off, until one is shown to help.
    return config
