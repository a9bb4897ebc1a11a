"""Writes a translator as one SavedModel, and reads it back."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from latent_xlate.translator import Translator

MODEL_NAME = "translator"
DEFAULT_SIGNATURE = "serving_default"

Function = Callable[..., dict[str, tf.Tensor]]


def export_translator(translator: Translator, base: str | os.PathLike) -> Path:
    """Writes the next version of the SavedModel, `BASE/translator/<version>/`.

    It needs neither Keras nor this package to be loaded, and takes batches of any size. For each
    ordered pair of domains it has the signatures

    - `<source>_to_<target>`: `data_bytes`, string [batch], the bytes of files, to `data_bytes`,
      those of the translations (of images: PNG, JPEG, GIF or BMP to PNG);
    - `<source>_to_<target>_arrays`: `x`, float32 [batch, *data_shape], to `x`;
    - `<source>_to_<target>_latents`: `z`, float32 [batch, latent_dim], to `z`;

    and of each a variant whose name ends in `_sampled`, which samples the shared latent and takes a
    further `seed`, int32 [batch, 2]: the same seed gives the same answer, whatever its neighbours in
    the batch. Domains without an encoder are a source of latents alone. `serving_default` takes the
    bytes of the first domain's files (its latents where it has no encoder) to the second's.

    Args:
        translator: What is exported.
        base: Folder; earlier versions in it stay.

    Returns:
        The folder of the new version, which appears whole or not at all.
    """
    signatures: dict[str, Any] = {}
    for source, target in itertools.permutations(translator.names, 2):
        signatures |= pair_signatures(translator, source, target)
    module = tf.Module()
    module.weights = list({id(v): v for function in signatures.values() for v in function.variables}.values())
    signatures[DEFAULT_SIGNATURE] = next(iter(signatures.values()))

    folder = Path(base) / MODEL_NAME
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".exporting.", dir=folder))
    try:
        tf.saved_model.save(module, str(temporary / "model"), signatures=signatures)
        return _publish(temporary / "model", folder)
    finally:
        shutil.rmtree(temporary)


def _publish(model: Path, folder: Path) -> Path:
    version = 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdecimal()), default=0)
    while True:
        try:
            return model.rename(folder / str(version))
        except OSError:
            if not (folder / str(version)).exists():
                raise
            version += 1  # Another export took it meanwhile.


def pair_signatures(translator: Translator, source: str, target: str) -> dict[str, Any]:
    """The signatures of one ordered pair of domains, as `export_translator` lists them.

    Args:
        translator: Loaded.
        source: Name of a domain.
        target: Name of another.

    Returns:
        Name to concrete function, those of bytes first where there are any.
    """
    read, write = translator.domain(source).read, translator.domain(target).write
    shared_dim = translator.bridge.shared_dim

    def noise(seed):
        if seed is None:
            return None
        spec = tf.TensorSpec([shared_dim], tf.float32)
        return tf.map_fn(lambda row: tf.random.stateless_normal([shared_dim], row), seed, fn_output_signature=spec)

    def translate_files(data_bytes, seed=None):
        return {"data_bytes": write(translator.translate_data(read(data_bytes), source, target, noise(seed)))}

    def translate_arrays(x, seed=None):
        return {"x": translator.translate_data(x, source, target, noise(seed))}

    def translate_latents(z, seed=None):
        return {"z": translator.translate_latents(z, source, target, noise(seed))}

    domain = translator.domain(source)
    kinds: dict[str, tuple[Function, tf.TensorSpec]] = {}
    if domain.has_encoder:
        kinds[""] = translate_files, tf.TensorSpec([None], tf.string, name="data_bytes")
        kinds["_arrays"] = translate_arrays, tf.TensorSpec([None, *domain.data_shape], tf.float32, name="x")
    kinds["_latents"] = translate_latents, tf.TensorSpec([None, domain.latent_dim], tf.float32, name="z")

    seed_spec = tf.TensorSpec([None, 2], tf.int32, name="seed")
    signatures = {}
    for suffix, (function, spec) in kinds.items():
        graph = tf.function(function, autograph=False)
        name = f"{source}_to_{target}{suffix}"
        signatures[name] = graph.get_concrete_function(spec)
        signatures[f"{name}_sampled"] = graph.get_concrete_function(spec, seed_spec)
    return signatures


def load_export(folder: str | os.PathLike) -> Any:
    """Loads an exported translator.

    Args:
        folder: That of a version.

    Returns:
        The model, with its `signatures` by name, which work as long as the model is kept.

    Raises:
        ValueError: There is no SavedModel, it is damaged, or it is not an exported translator.
    """
    if not (Path(folder) / "saved_model.pb").is_file():
        raise ValueError(f"There is no SavedModel in {folder}.")
    try:
        model = tf.saved_model.load(str(folder))
    except Exception as error:  # Whatever TensorFlow may raise over a damaged file.
        raise ValueError(f"The SavedModel in {folder} is damaged ({str(error).splitlines()[0]}).") from None
    if not any(name.endswith("_latents") for name in model.signatures):
        raise ValueError(f"The SavedModel in {folder} is not an exported translator: no signature ends in _latents.")
    return model
