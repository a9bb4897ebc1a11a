"""A SavedModel or a TensorFlow Hub module as a domain, by its functions `encode`, `decode` and `classify`."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, checks, files
from latent_xlate.checks import reason
from latent_xlate.domains.custom.model_description import Function, describe
from latent_xlate.domains.custom.model_domain import ModelDomain, constructor_arguments

FOLDER = "saved_model"
"""Subfolder of a domain's folder that holds its SavedModel."""

FUNCTIONS = ("encode", "decode", "classify")


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SavedModelDomain(ModelDomain):
    """A domain made from the user's own SavedModel, whose source code is not needed.

    The SavedModel has `decode` and optionally `encode` and `classify`. Each is either an attribute, a `tf.function` of
    one tensor, or a signature of that name.

    Example:
        domain = SavedModelDomain.of("shapes", "path/of/saved_model")
        domain.save("out/shapes")
    """

    origin: Any = None
    """What has to live as long as the folder of the SavedModel is read."""

    def __init__(self, name: str, *, functions: Sequence[str], **options: Any):
        """Makes a domain whose shapes and settings are known; `load_models` reads its model. `of` finds them out.

        Args:
            name: Lower-case letters, digits, underscores.
            functions: Names of the model's functions, a subset of `FUNCTIONS`.
            **options: Passed to `ModelDomain`.
        """
        super().__init__(name, **options)
        self.functions = tuple(functions)
        self.has_encoder = "encode" in functions
        self.has_classifier = "classify" in functions
        self._path: Path | None = None
        self._functions: dict[str, Function] = {}

    @classmethod
    def of(
        cls,
        name: str,
        handle: str | os.PathLike,
        **options: Any,
    ) -> SavedModelDomain:
        """Makes a domain from a SavedModel and finds out its shapes.

        Args:
            name: Lower-case letters, digits, underscores.
            handle: Folder of the SavedModel, or its handle of TensorFlow Hub.
            **options: Settings of `describe`, such as `invert` or `sigma_kind`; and `class_names` and `dataset` of
                `ModelDomain`.

        Raises:
            ValueError: The SavedModel is missing or damaged, has no function `decode`, or its functions do not fit
                together.
        """
        checks.path(handle, "handle", "the folder of a SavedModel, or a handle of TensorFlow Hub")
        path = _resolve(str(handle))
        model = _load(path)
        functions = _functions(model)
        if "decode" not in functions:
            there = ", ".join(sorted(set(model.signatures))) or "none"
            raise ValueError(f"The SavedModel in {path} has no function or signature decode; its signatures: {there}.")
        latent_shape = _latent_shape(model, path)
        found = describe(
            functions,
            latent_shape,
            **options,
        )
        domain = cls(name, functions=list(functions), **found)
        domain._take(path, model)
        return domain

    def _take(self, path: Path, model: Any) -> None:
        self._path, self._functions = path, _functions(model)
        self.resources = (model,)

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {}

    def function(self, name: str) -> Function | None:
        return self._functions.get(name)

    def save_models(self, folder: Path, dtype: str) -> None:
        """Copies the SavedModel unchanged; `dtype` is that of a judge that is shared."""
        super().save_models(folder, dtype)
        assert self._path is not None
        target = folder / FOLDER
        if target.exists() and target.samefile(self._path):
            return
        files.write_atomically(target, functools.partial(shutil.copytree, self._path))

    def load_models(self, folder: Path) -> None:
        model = _load(folder / FOLDER)
        if missing := sorted(set(self.functions) - _functions(model).keys()):
            raise ValueError(f"The SavedModel in {folder / FOLDER} has no function {', '.join(missing)}.")
        self._take(folder / FOLDER, model)
        super().load_models(folder)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"functions": list(self.functions)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SavedModelDomain:
        return cls(**constructor_arguments(config))


def _resolve(handle: str) -> Path:
    if (Path(handle) / "saved_model.pb").is_file():
        return Path(handle)
    if "://" not in handle:
        raise ValueError(f"There is no SavedModel in {handle}.")
    if importlib.util.find_spec("tensorflow_hub") is None:
        raise ValueError("A handle of TensorFlow Hub needs an extra: pip install 'latent_xlate[hub]'.")
    import tensorflow_hub as hub

    try:
        return Path(hub.resolve(handle))
    except Exception as error:  # The network, the host and the archive each raise their own exceptions.
        raise ValueError(f"TensorFlow Hub cannot get {handle} ({reason(error)}).") from None


def _load(path: Path) -> Any:
    if not (path / "saved_model.pb").is_file():
        raise ValueError(f"There is no SavedModel in {path}.")
    try:
        return tf.saved_model.load(str(path))
    except Exception as error:  # A damaged file can make TensorFlow raise any exception.
        raise ValueError(f"The SavedModel in {path} is damaged ({reason(error)}).") from None


def _functions(model: Any) -> dict[str, Function]:
    functions: dict[str, Function] = {}
    for name in FUNCTIONS:
        if callable(function := getattr(model, name, None)):
            functions[name] = function
        elif name in model.signatures:
            functions[name] = _of_signature(name, model.signatures[name])
    return functions


def _of_signature(name: str, signature: Any) -> Function:
    keys = list(signature.structured_input_signature[1])  # A signature takes its inputs by keyword.
    if len(keys) != 1:
        raise ValueError(f"The signature {name} takes {', '.join(keys) or 'nothing'}; it must take one tensor.")
    return lambda x: signature(**{keys[0]: x})


def _latent_shape(model: Any, path: Path) -> tuple[int | None, ...]:
    """Shape of one latent, taken from the input with which `decode` was traced."""
    if callable(decode := getattr(model, "decode", None)):
        concrete = getattr(decode, "concrete_functions", None) or [decode]
        specs = [spec for each in concrete for spec in tf.nest.flatten(each.structured_input_signature)]
    else:
        specs = tf.nest.flatten(model.signatures["decode"].structured_input_signature)
    shapes = [tuple(spec.shape[1:]) for spec in specs if isinstance(spec, tf.TensorSpec) and spec.shape.rank]
    if not shapes:
        raise ValueError(
            f"The function decode in {path} takes no tensor of known shape: save it traced with a tf.TensorSpec."
        )
    return shapes[0]
