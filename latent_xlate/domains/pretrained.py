"""The pretrained domains that ship with the project, in `savedmodels/`."""

from __future__ import annotations

import os
from pathlib import Path

from latent_xlate import checks
from latent_xlate.domains import (
    hugging_face,
    latents_only,  # noqa: F401  Registers the classes with Keras.
)
from latent_xlate.domains.custom import (
    callable_domain,  # noqa: F401  Registers the classes with Keras.
    keras_domain,  # noqa: F401  Registers the classes with Keras.
    model_files_domain,  # noqa: F401  Registers the classes with Keras.
    saved_model_domain,  # noqa: F401  Registers the classes with Keras.
)
from latent_xlate.domains.domain import DOMAIN_FILE, Domain
from latent_xlate.domains.image import image_domain  # noqa: F401  Registers the classes with Keras.
from latent_xlate.domains.speech import speech_domain  # noqa: F401  Registers the classes with Keras.

SAVEDMODELS = "LATENT_XLATE_SAVEDMODELS"
"""Environment variable that names another folder of pretrained domains."""

_PACKAGE = Path(__file__).resolve().parents[1]


def savedmodels() -> Path:
    """The folder of pretrained domains.

    It is the folder named by the environment variable `LATENT_XLATE_SAVEDMODELS`, else the package data of an installed
    wheel, `latent_xlate/savedmodels`, else `savedmodels` at the top of the clone.
    """
    if SAVEDMODELS in os.environ:
        return Path(os.environ[SAVEDMODELS])
    installed = _PACKAGE / "savedmodels"
    return installed if installed.is_dir() else _PACKAGE.parent / "savedmodels"


def list_domains() -> list[str]:
    """Names of the pretrained domains."""
    return sorted(path.parent.name for path in savedmodels().glob(f"[!.]*/{DOMAIN_FILE}"))


def folder(name_or_path: str | os.PathLike) -> Path:
    """The folder of a domain.

    Args:
        name_or_path: Name of a pretrained domain, a folder that `Domain.save` wrote, or the handle of one on the
            Hugging Face Hub, hf://OWNER/NAME.

    Raises:
        ValueError: It is none of these, or cannot be downloaded.
    """
    checks.path(name_or_path, "name_or_path", "the name of a pretrained domain, of `list_domains()`, or its folder")
    name_or_path = os.fspath(name_or_path)
    if name_or_path.startswith(hugging_face.PREFIX):
        return hugging_face.fetch(name_or_path)
    if (Path(name_or_path) / DOMAIN_FILE).is_file():
        return Path(name_or_path)
    if os.sep in name_or_path:
        raise ValueError(f"There is no domain in {name_or_path}: it has no {DOMAIN_FILE}.")
    return savedmodels() / checks.known(name_or_path, list_domains(), "domain")


def load_domain(name_or_path: str | os.PathLike) -> Domain:
    """Loads a domain. Arguments and errors are those of `folder`; errors of `Domain.load` as well."""
    return Domain.load(folder(name_or_path))
