"""Domains on the Hugging Face Hub: they are fetched by handles, and pushed with weights as safetensors.

The files that are fetched cannot run code. Needs the extra `hf`.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate import checks, files

PREFIX = "hf://"
"""Beginning of a handle: `hf://OWNER/NAME`, or `hf://OWNER/NAME@REVISION`."""

_HANDLE = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_FETCHED = ("*domain.json", "*.safetensors", "*.npz", "*.keras", "README.md")
_CLASSES = ("ImageDomain", "SpeechDomain", "KerasDomain", "LatentsOnlyDomain")
"""Classes of domains without programs in their files."""

_DESCRIPTION = "domain.json"
_CARD = "MODEL_CARD.md"
_LEFT_AT_HOME = shutil.ignore_patterns(_CARD, ".*", "runs")
_METADATA = """\
---
library_name: latent_xlate
tags:
- latent-translation
- tensorflow
- keras
---

"""


def fetch(handle: str) -> Path:
    """Downloads a domain, unless it is in the cache of `huggingface_hub` already.

    Args:
        handle: `hf://OWNER/NAME`, or `hf://OWNER/NAME@REVISION` for a branch, a tag or a commit.

    Returns:
        Its folder in the cache.

    Raises:
        ValueError: It is no handle, the repository cannot be reached or holds no domain, or its files are programs.
    """
    match = _HANDLE.fullmatch(handle)
    if match is None:
        raise ValueError(f"{handle} is no handle: write hf://OWNER/NAME, or hf://OWNER/NAME@REVISION.")
    repository, revision = match.groups()
    try:
        path = _library().snapshot_download(repository, revision=revision, allow_patterns=_FETCHED)
    except Exception as error:  # The exceptions of its HTTP library are of another kind in each version.
        raise ValueError(f"{handle} cannot be downloaded ({checks.reason(error)}).") from None
    if not (Path(path) / _DESCRIPTION).is_file():
        raise ValueError(f"{handle} holds no domain: it has no {_DESCRIPTION}.")
    for description in Path(path).rglob(_DESCRIPTION):  # A judge that is shared is a domain in a folder of its own.
        kind = str(files.read_json(description).get("class")).rpartition(">")[2]
        if kind not in _CLASSES:
            raise ValueError(
                f"{handle} is a {kind}, which runs programs of its author. If you trust them, `hf download "
                f"{repository} --local-dir=FOLDER` gets it, and the folder is loaded by its name."
            )
    return Path(path)


def push(folder: Path, networks: Collection[str], repository: str, private: bool = False) -> str:
    """Uploads the folder of a domain.

    Args:
        folder: The folder.
        networks: Names of the networks whose weights are in it.
        repository: OWNER/NAME; made where there is none.
        private: Whether a new one is private.

    Returns:
        Its address.

    Raises:
        ValueError: The repository's name cannot be, or the hub cannot be reached or refuses.
    """
    api = _library().HfApi()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            write_layout(folder, networks, Path(temporary))
            made = api.create_repo(repository, private=private, exist_ok=True)
            api.upload_folder(repo_id=made.repo_id, folder_path=temporary, commit_message=f"Domain {folder.name}")
    except Exception as error:  # As above.
        raise ValueError(
            f"{repository} cannot be written ({checks.reason(error)}): `hf auth login` gives the right to."
        ) from None
    return str(made)


def write_layout(folder: Path, networks: Collection[str], target: Path) -> None:
    """Copies the folder of a domain, its weights as safetensors and its card as the hub's README.

    The runs that made the domain stay behind. Arguments are those of `push`; `target` is a folder.
    """
    from safetensors.numpy import save_file

    shutil.copytree(folder, target, ignore=_LEFT_AT_HOME, dirs_exist_ok=True)
    for path in (target / f"{name}.npz" for name in networks):
        if path.is_file():
            with np.load(path, allow_pickle=False) as arrays:
                weights = {name: np.ascontiguousarray(arrays[name]) for name in arrays.files}
            save_file(weights, path.with_suffix(".safetensors"))
            path.unlink()
    card = folder / _CARD
    text = card.read_text(encoding="utf-8") if card.is_file() else f"# {folder.name}\n\nA domain of latent_xlate.\n"
    (target / "README.md").write_text(_METADATA + text, encoding="utf-8")


def _library() -> Any:
    try:
        import huggingface_hub
        import safetensors  # noqa: F401  What it downloads and uploads are weights of this kind.
    except ImportError:
        raise ValueError(
            "The Hugging Face Hub needs huggingface_hub and safetensors: pip install 'latent_xlate[hf]'."
        ) from None
    return huggingface_hub
