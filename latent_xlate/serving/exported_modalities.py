"""The modalities of an exported translator's domains, stored beside its SavedModel."""

from __future__ import annotations

from pathlib import Path

from latent_xlate import files
from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.modality import Modality
from latent_xlate.translator import Translator

MODALITIES_FILE = "assets.extra/modalities.json"
"""Path within the folder of a SavedModel; TensorFlow and its servers ignore `assets.extra`."""


def write_modalities(model: Path, translator: Translator) -> Path:
    """Writes the modalities of a translator's domains, by name, to the folder of its SavedModel."""
    configs = {name: domain.modality.get_config() for name, domain in translator.domains.items()}
    (model / MODALITIES_FILE).parent.mkdir(exist_ok=True)
    return files.write_json(model / MODALITIES_FILE, configs)


def read_modalities(model: Path) -> dict[str, Modality]:
    """Reads the modalities by the domains' names; empty for an export made before they were stored.

    Raises:
        ValueError: The file is damaged, or names a kind of data that is not registered.
    """
    path = model / MODALITIES_FILE
    if not path.exists():
        return {}
    try:
        content = files.read_json(path)
        return {name: modalities.from_config(config) for name, config in content.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} does not describe kinds of data ({error}): export the translator again.") from None
