"""Networks in files of other frameworks as a domain: ONNX and PyTorch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from latent_xlate import KERAS_PACKAGE, checks
from latent_xlate.domains.custom.in_process_domain import InProcessDomain, describe_arrays
from latent_xlate.domains.custom.model_file import ModelFile
from latent_xlate.domains.custom.onnx_files import OnnxFile
from latent_xlate.domains.custom.torch_files import ExportedProgram, TorchScript

FRAMEWORKS: dict[str, type[ModelFile]] = {".onnx": OnnxFile, ".pt2": ExportedProgram, ".pt": TorchScript}
"""What reads a file, by its ending."""

FUNCTIONS = {"decode": "decoder", "encode": "encoder", "classify": "classifier"}
"""The network of each function."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ModelFilesDomain(InProcessDomain):
    """A domain whose networks are files of other frameworks, which run them. Its folder holds the files.

    Example:
        domain = ModelFilesDomain.of("faces", "decoder.onnx", "encoder.onnx")
        package_domain(domain, "out/faces", data="FOLDER")
    """

    def __init__(self, name: str, *, files: Mapping[str, str], **options: Any):
        """Makes a domain whose shapes are known; `load_models` reads its files. `of` finds them out.

        Args:
            name: Lower-case letters, digits, underscores.
            files: By function, the name of its file in the domain's folder.
            **options: Passed to `InProcessDomain`.
        """
        super().__init__(name, **options)
        self.files = dict(files)
        self._opened: dict[str, ModelFile] = {}

    @classmethod
    def of(
        cls,
        name: str,
        decoder: str | os.PathLike,
        encoder: str | os.PathLike | None = None,
        classifier: str | os.PathLike | None = None,
        *,
        latent_shape: Sequence[int] | None = None,
        **options: Any,
    ) -> ModelFilesDomain:
        """Makes a domain of files and finds out its shapes.

        Args:
            name: Lower-case letters, digits, underscores.
            decoder: File of a network from latents to data, with an ending of `FRAMEWORKS`.
            encoder: File of one from data to mu; or to mu and sigma, or mu and the logarithm of the variance.
            classifier: File of one from data to logits or probabilities.
            latent_shape: Shape of one latent; None for that which the decoder's file says.
            **options: Settings of `describe`, such as `value_range` or `sigma_kind`; `batch_size` of `InProcessDomain`;
                and `class_names` and `dataset` of `ModelDomain`.

        Raises:
            ValueError: A file is missing or damaged, needs an extra, or they do not fit together.
        """
        given = zip(FUNCTIONS, (decoder, encoder, classifier), strict=True)
        opened = {key: open_file(path) for key, path in given if path is not None}
        shape = latent_shape or opened["decode"].input_shape
        if shape is None or None in shape:
            raise ValueError(
                f"{decoder} does not say which latents it takes: give --latent_shape=20, say (latent_shape in Python)."
            )
        found = describe_arrays(opened, [size for size in shape if size is not None], **options)
        names = {key: f"{FUNCTIONS[key]}{file.path.suffix}" for key, file in opened.items()}
        domain = cls(name, files=names, **found)
        domain._take_files(opened)
        return domain

    @property
    def opened(self) -> Mapping[str, ModelFile]:
        """The networks, by function."""
        return self._opened

    def _take_files(self, opened: dict[str, ModelFile]) -> None:
        self._opened = opened
        self.take(opened)

    def save_models(self, folder: Path, dtype: str) -> None:
        """Copies the files unchanged; `dtype` is that of a judge that is shared."""
        super().save_models(folder, dtype)
        folder.mkdir(parents=True, exist_ok=True)
        for key, file in self._opened.items():
            target = folder / self.files[key]
            if not (target.exists() and target.samefile(file.path)):
                file.copy(target)

    def load_models(self, folder: Path) -> None:
        self._take_files({key: open_file(folder / file) for key, file in self.files.items()})
        super().load_models(folder)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"files": self.files}


def open_file(path: str | os.PathLike) -> ModelFile:
    """Opens a network.

    Args:
        path: A file with an ending of `FRAMEWORKS`.

    Raises:
        ValueError: Another ending; or the file is missing or damaged, or needs an extra.
    """
    path = checks.path(path, "path", "a file of a network")
    suffix = path.suffix.lower()
    if suffix not in FRAMEWORKS:
        raise ValueError(f"{path} ends in {suffix or 'nothing'}; networks are read from {', '.join(FRAMEWORKS)} files.")
    return FRAMEWORKS[suffix](path)
