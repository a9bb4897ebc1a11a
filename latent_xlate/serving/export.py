"""Writes a translator as one SavedModel, and reads it back."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from latent_xlate import checks, files
from latent_xlate.serving.exported_modalities import write_modalities
from latent_xlate.translator import Translator

MODEL_NAME = "translator"
DEFAULT_SIGNATURE = "serving_default"


def export_translator(translator: Translator, base: str | os.PathLike) -> Path:
    """Writes the next version of the SavedModel, `BASE/translator/<version>/`.

    It needs neither Keras nor this package to be loaded, and takes batches of any size. For each
    ordered pair of domains, and for each domain to itself (which reconstructs), it has the signatures

    - `<source>_to_<target>`: `data_bytes`, string [batch], the bytes of files, to `data_bytes`,
      those of the translations (of images PNG, JPEG, GIF or BMP to PNG; of sounds WAV of 16 bits, of any
      rate and number of channels, to WAV of 16 bits and 16 kHz);
    - `<source>_to_<target>_arrays`: `x`, float32 [batch, *data_shape], to `x`;
    - `<source>_to_<target>_latents`: `z`, float32 [batch, latent_dim], to `z`;

    and of each a variant whose name ends in `_sampled`, which samples the shared latent and takes a
    further `seed`, int32 [batch, 2]: the same seed gives the same answer, whatever its neighbours in
    the batch. Domains without an encoder are a source of latents alone. `serving_default` takes the
    bytes of the first domain's files (its latents where it has no encoder) to the second's.

    Where the extra `serving` is installed the model gets records to warm up with, and BASE what servers are
    configured with (see `bundle`).

    Args:
        translator: What is exported.
        base: Folder; earlier versions in it stay.

    Returns:
        The folder of the new version, which appears whole or not at all.

    Raises:
        ValueError: Names of domains that give two signatures one name, or a damaged `models.config`.
    """
    bundle = _bundle()
    if bundle:
        bundle.check_configuration(Path(base))
    folder = files.output_folder(Path(base) / MODEL_NAME)
    signatures = trace_signatures(translator, [(s, t) for s in translator.names for t in translator.names])
    module = tf.Module()
    module.weights = list({id(v): v for function in signatures.values() for v in function.variables}.values())
    module.resources = [each for domain in translator.domains.values() for each in domain.resources]
    first, second, *_ = translator.names
    has_encoder = translator.domain(first).has_encoder
    default = f"{first}_to_{second}" + ("" if has_encoder else "_latents")
    signatures[DEFAULT_SIGNATURE] = signatures[default]

    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".exporting.", dir=folder))
    try:
        tf.saved_model.save(module, str(temporary / "model"), signatures=signatures)
        if bundle:
            bundle.write_warmup(temporary / "model", translator, signatures, default)
        write_modalities(temporary / "model", translator)
        version = _publish(temporary / "model", folder)
    finally:
        shutil.rmtree(temporary)
    if bundle:
        bundle.write_configuration(Path(base), MODEL_NAME)
    return version


def _bundle() -> Any:
    """The module `bundle`, or None, said on stderr, where the protos that it needs are not installed."""
    if importlib.util.find_spec("tensorflow_serving") is None:
        print(
            "Exported without TensorFlow Serving's configuration: pip install 'latent_xlate[serving]'", file=sys.stderr
        )
        return None
    from latent_xlate.serving import bundle

    return bundle


def _publish(model: Path, folder: Path) -> Path:
    version = 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdecimal()), default=0)
    while True:
        try:
            return model.rename(folder / str(version))
        except OSError:
            if not (folder / str(version)).exists():
                raise
            version += 1  # Another export took it meanwhile.


def trace_signatures(translator: Translator, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The signatures of ordered pairs of domains, as `export_translator` lists them.

    Args:
        translator: Its domains and bridge.
        pairs: Names of source and target.

    Returns:
        Name to concrete function.

    Raises:
        ValueError: Unknown domain, or names of domains that give two signatures one name.
    """
    graphs = _Graphs(translator)
    signatures: dict[str, Any] = {}
    for (source, target), sampled in itertools.product(pairs, (False, True)):
        for kind, function in graphs.trace(source, target, sampled).items():
            name = f"{source}_to_{target}{kind}{'_sampled' if sampled else ''}"
            if name in signatures:
                raise ValueError(f"Two signatures would be called {name!r}: name a domain otherwise.")
            signatures[name] = function
    return signatures


class _Graphs:
    """Graphs of a translator's parts, traced once and shared by the signatures."""

    def __init__(self, translator: Translator):
        self.translator = translator
        self.read = {name: _graph(domain.read) for name, domain in translator.domains.items()}
        self.write = {name: _graph(domain.write) for name, domain in translator.domains.items()}
        self.noise = _graph(translator.noise)

    def trace(self, source: str, target: str, sampled: bool) -> dict[str, Any]:
        """One pair's signatures: kind ("" for files, "_arrays", "_latents") to concrete function."""
        seeds = [tf.TensorSpec([None, 2], tf.int32, name="seed")] if sampled else []

        def translate_latents(z, *seed):
            return {"z": self.translator.translate_latents(z, source, target, *map(self.noise, seed))}

        def translate_arrays(x, *seed):
            return {"x": self.translator.translate_data(x, source, target, *map(self.noise, seed))}

        def translate_files(data_bytes, *seed):
            return {"data_bytes": self.write[target](arrays(self.read[source](data_bytes), *seed)["x"])}

        domain = self.translator.domain(source)
        self.translator.domain(target)
        z = tf.TensorSpec([None, domain.latent_dim], tf.float32, name="z")
        latents = _graph(translate_latents).get_concrete_function(z, *seeds)
        if not domain.has_encoder:
            return {"_latents": latents}
        x = tf.TensorSpec([None, *domain.data_shape], tf.float32, name="x")
        arrays = _graph(translate_arrays).get_concrete_function(x, *seeds)
        data_bytes = tf.TensorSpec([None], tf.string, name="data_bytes")
        files = _graph(translate_files).get_concrete_function(data_bytes, *seeds)
        return {"": files, "_arrays": arrays, "_latents": latents}


def _graph(function: Callable) -> Any:
    return tf.function(function, autograph=False)


def is_saved_model(folder: str | os.PathLike) -> bool:
    """Whether there is a SavedModel in a folder, damaged or not."""
    return (Path(folder) / "saved_model.pb").is_file()


def load_export(folder: str | os.PathLike) -> Any:
    """Loads an exported translator.

    Args:
        folder: That of a version.

    Returns:
        The model, with its `signatures` by name, which work as long as the model is kept.

    Raises:
        ValueError: There is no SavedModel, it is damaged, or it is not an exported translator.
    """
    if not is_saved_model(folder):
        raise ValueError(f"There is no SavedModel in {folder}.")
    try:
        model = tf.saved_model.load(str(folder))
    except Exception as error:  # Whatever TensorFlow may raise over a damaged file.
        raise ValueError(f"The SavedModel in {folder} is damaged ({checks.reason(error)}).") from None
    if not any(name.endswith("_latents") for name in model.signatures):
        raise ValueError(f"The SavedModel in {folder} is not an exported translator: no signature ends in _latents.")
    return model


class ModelSignatures(dict):
    """A loaded model's signatures, which work only as long as the model is kept."""

    def __init__(self, model: Any):
        """Takes what `load_export` returns."""
        super().__init__(model.signatures)
        self.model = model
