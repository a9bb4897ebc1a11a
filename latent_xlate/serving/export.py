"""Export of a translator as one SavedModel."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from latent_xlate import checks, files
from latent_xlate.serving.exported_modalities import write_modalities
from latent_xlate.serving.signature_graphs import SignatureGraphs
from latent_xlate.serving.signature_name import (
    DEFAULT_SIGNATURE,
    Payload,
    SignatureName,
    novelty_signature,
    parse_signatures,
)
from latent_xlate.translator import Translator

MODEL_NAME = "translator"
"""Name of the folder of versions, and of the model on a server."""

_TEMPORARY = ".exporting."
"""Beginning of the name of the folder that an export is written to; the number of its process follows."""

_LONGEST_EXPORT = 24 * 3600
"""Age in seconds from which such a folder is a leftover, even if another process has the number by now."""


def export_translator(translator: Translator, base: str | os.PathLike) -> Path:
    """Writes the next version of the SavedModel, `BASE/translator/<version>/`.

    The SavedModel takes batches of any size, and needs neither Keras nor this package to be loaded. For each ordered
    pair of domains, including each domain with itself (a reconstruction), it has the signatures

    - `<source>_to_<target>`: `data_bytes`, string [batch], the contents of files, to `data_bytes`, the contents of
      translated files. Images are read from PNG, JPEG, GIF or BMP and written as PNG. Sounds are read from WAV
      of integers or floats, of any rate and number of channels, and written as 16-bit WAV at 16 kHz;
    - `<source>_to_<target>_arrays`: `x`, float32 [batch, *data_shape], to `x`;
    - `<source>_to_<target>_latents`: `z`, float32 [batch, latent_dim], to `z`.

    A signature fails with InvalidArgumentError if `x` lies outside its modality's limits, if an input is NaN or
    infinite, if a temperature is negative or above 100, or if the answer would be NaN or infinite.

    For each domain that has a scale of novelty, `novelty_<domain>` and `novelty_<domain>_arrays` take files or arrays,
    as above, to `novelty`, float32 [batch]: above 1 an input is unlike the training data (see `domains.novelty`).

    Each signature of translation has a variant whose name ends in `_sampled`. It samples the shared latent and has two
    further inputs: `seed`, int32 [batch, 2], and `temperature`, float32 [batch], 1 for samples of the posterior and 0
    for its mean. The result for a row depends on its data, its seed and its temperature alone. Bridges without a shared
    latent have no such variants. Domains without an encoder are a source of latents only, those of functions of Python
    a target of latents only, too. `serving_default` translates files of the first domain to the second, else latents.

    If the extra `serving` is installed, the SavedModel gets warm-up records, and BASE gets the configuration of servers
    (see `bundle`).

    Args:
        translator: The translator to export.
        base: Folder of exports; earlier versions in it are kept.

    Returns:
        The folder of the new version, which is written completely or not at all.

    Raises:
        ValueError: The names of domains give two signatures the same name, or `models.config` is damaged.
        OSError: The disk is full, read-only or broken.
    """
    checks.instance(translator, Translator, "translator", "a Translator: load it by `Translator.load`")
    base = checks.path(base, "base")
    bundle = _bundle()
    if bundle:
        bundle.check_configuration(Path(base))
    folder = files.output_folder(Path(base) / MODEL_NAME)
    pairs = itertools.product(translator.names, translator.names)
    signatures = trace_signatures(translator, pairs, exported=True)
    if elsewhere := [name for name, domain in translator.domains.items() if not domain.in_graph]:
        print(
            f"The models of {', '.join(elsewhere)} are functions of Python, which cannot be served: of these domains "
            "the export has the signatures of latents, and whoever asks it encodes and decodes.",
            file=sys.stderr,
        )
    module = tf.Module()
    module.weights = _variables(signatures.values())
    module.resources = [resource for domain in translator.domains.values() for resource in domain.resources]
    first, second, *_ = translator.names
    default = str(SignatureName(first, second))
    if default not in signatures:
        default = str(SignatureName(first, second, Payload.LATENTS))
    signatures[DEFAULT_SIGNATURE] = signatures[default]

    def write(model: Path) -> None:
        tf.saved_model.save(module, str(model), signatures=signatures)
        if bundle:
            bundle.write_warmup(model, translator, signatures, default)
        write_modalities(model, translator)

    version = _write_version(folder, write)
    if bundle:
        try:
            bundle.write_configuration(Path(base), MODEL_NAME)
        except OSError:  # Exported again, the translator would become a second version.
            shutil.rmtree(version)
            raise
    return version


def _variables(functions: Collection[Any]) -> list[tf.Variable]:
    """The variables of functions, in the order in which their graphs capture them.

    Their attribute `variables` has an order that differs from process to process, and with it would the export.
    """
    variables = {id(variable.handle): variable for function in functions for variable in function.variables}
    captured = dict.fromkeys(id(tensor) for function in functions for tensor in function.captured_inputs)
    return [variables[handle] for handle in captured if handle in variables]


def _write_version(folder: Path, write: Callable[[Path], None]) -> Path:
    """Writes the next version in a folder, completely or not at all, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    with files.naming(folder):
        temporary = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}.", dir=folder))
        try:
            write(temporary / "model")
            return _publish(temporary / "model", folder)
        finally:
            shutil.rmtree(temporary)


def _bundle() -> Any:
    """The module `bundle`; None, with a note on stderr, if the protos that it needs are not installed."""
    if importlib.util.find_spec("tensorflow_serving") is None:
        print(
            "Exported without TensorFlow Serving's configuration: pip install 'latent_xlate[serving]'", file=sys.stderr
        )
        return None
    from latent_xlate.serving import bundle

    return bundle


def _remove_leftovers(folder: Path) -> None:
    """Removes what killed exports left behind: folders whose process has ended, or that are older than any export."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        pid = path.name.removeprefix(_TEMPORARY).partition(".")[0]
        ended = pid.isdecimal() and not _is_running(int(pid))
        if ended or time.time() - path.stat().st_mtime > _LONGEST_EXPORT:
            shutil.rmtree(path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # It is another user's.
        return True
    return True


def _publish(model: Path, folder: Path) -> Path:
    """Moves a SavedModel to the next free version in a folder, and returns its new path."""
    version = 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdecimal()), default=0)
    while True:
        try:
            return model.rename(folder / str(version))
        except OSError:
            if not (folder / str(version)).exists():
                raise
            version += 1  # Another export has taken the number in the meantime.


def trace_signatures(
    translator: Translator, pairs: Iterable[tuple[str, str]], exported: bool = False
) -> dict[str, Any]:
    """Traces the signatures of ordered pairs of domains and of their sources, as `export_translator` lists them.

    Args:
        translator: The translator.
        pairs: Names of source and target.
        exported: As in `SignatureGraphs`.

    Returns:
        Concrete functions by the names of their signatures.

    Raises:
        ValueError: A domain is unknown, or the names of domains give two signatures the same name.
    """
    graphs, pairs = SignatureGraphs(translator, exported), list(pairs)
    named = [
        (str(SignatureName(source, target, payload, sampled)), function)
        for (source, target), sampled in itertools.product(pairs, graphs.samplings)
        for payload, function in graphs.trace(source, target, sampled).items()
    ] + [
        (novelty_signature(source, payload), function)
        for source in dict.fromkeys(source for source, _ in pairs)
        for payload, function in graphs.trace_novelty(source).items()
    ]
    signatures: dict[str, Any] = {}
    for name, function in named:
        if name in signatures:
            raise ValueError(f"Two signatures would be called {name!r}: name a domain otherwise.")
        signatures[name] = function
    return signatures


def is_saved_model(folder: str | os.PathLike) -> bool:
    """Whether a folder contains a SavedModel, damaged or not."""
    return (Path(folder) / "saved_model.pb").is_file()


def load_export(folder: str | os.PathLike) -> Any:
    """Loads an exported translator.

    Args:
        folder: Folder of a version.

    Returns:
        The model. Its `signatures`, by name, work only as long as the model exists.

    Raises:
        ValueError: There is no SavedModel, it is damaged, or it is not an exported translator.
    """
    if not is_saved_model(folder):
        raise ValueError(f"There is no SavedModel in {folder}.")
    try:
        model = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow raises errors of many kinds for damaged files.
        raise ValueError(f"The SavedModel in {folder} is damaged ({checks.reason(error)}).") from None
    try:
        parse_signatures(model.signatures)
    except ValueError:
        raise ValueError(f"The SavedModel in {folder} is not an exported translator.") from None
    return model


def inputs_of(function: Any) -> dict[str, tf.TensorSpec]:
    """Shapes and dtypes of the inputs, by name, of a signature that was traced or loaded, or that is on a server."""
    return function.structured_input_signature[1]


class ModelSignatures(dict):
    """The signatures of a loaded model, and the model itself, without which they do not work."""

    def __init__(self, model: Any):
        """Takes the result of `load_export`."""
        super().__init__(model.signatures)
        self.model = model
