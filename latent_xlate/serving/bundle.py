"""Files for TensorFlow Serving that accompany a SavedModel: warm-up records and configuration.

Needs the extra `serving`, which contains the protos.
"""

from __future__ import annotations

import functools
import itertools
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from latent_xlate import checks, files
from latent_xlate.serving.signature_name import (
    DEFAULT_SIGNATURE,
    SEED,
    TEMPERATURE,
    Payload,
    SignatureName,
    novelty_signature,
)
from latent_xlate.translator import Translator

FILES = Path(__file__).parent / "bundle_files"
"""Folder of the files that are copied unchanged."""

MODELS_CONFIG = "models.config"
"""File with the served versions and their labels."""

MOUNTED = Path("/models")
"""Path at which the bundle is mounted in the official image."""

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
MOST_WARMUP_RECORDS = 1000
"""Largest number of warm-up records that TensorFlow Serving accepts."""

_MAX_DRAWS = 10
"""Largest number of draws from a domain's prior in search of an instance whose file can be read."""

_HEADER = """\
# The versions of the translator that are served, and their labels. An export labels its version canary, and stable
# if no version had that label; to release a canary, set stable to its number. Servers reload this file by themselves.
"""


def write_warmup(model: Path, translator: Translator, signatures: Collection[str], default: str) -> Path:
    """Writes one request for each signature into a SavedModel; servers answer them when they load the model.

    The inputs are decoded from samples of the domains' priors.

    Args:
        model: Folder of the SavedModel.
        translator: The translator that was exported.
        signatures: The names of the signatures.
        default: The name of the signature that is also `serving_default`.

    Returns:
        Path of the file, a TFRecord of PredictionLogs.
    """
    path = model / WARMUP_FILE
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in itertools.islice(_records(translator, signatures, default), MOST_WARMUP_RECORDS):
            writer.write(record.SerializeToString(deterministic=True))
    return path


def _records(
    translator: Translator, signatures: Collection[str], default: str
) -> Iterator[prediction_log_pb2.PredictionLog]:
    sampling = {SEED: tf.constant([[0, 0]]), TEMPERATURE: tf.constant([1.0])}
    for source in translator.names:
        inputs = _example(translator, source)
        for target, payload, sampled in itertools.product(translator.names, inputs, (False, True)):
            name = str(SignatureName(source, target, payload, sampled))
            if name in signatures:
                values = {payload.key: inputs[payload]} | (sampling if sampled else {})
                yield _record(name, values)
                if name == default:
                    yield _record(DEFAULT_SIGNATURE, values)
        for payload in inputs:
            name = novelty_signature(source, payload)
            if name in signatures:
                yield _record(name, {payload.key: inputs[payload]})


def _example(translator: Translator, name: str) -> dict[Payload, tf.Tensor]:
    """One instance of a domain as the input of each kind of signature, without files if none can be read."""
    domain = translator.domain(name)
    for seed in range(_MAX_DRAWS if domain.has_prior else 1):
        z = domain.sample_prior(1, seed) if domain.has_prior else domain.encode(tf.zeros([1, *domain.data_shape]))[0]
        x = domain.decode(z)
        inputs = {Payload.LATENTS: z, Payload.ARRAYS: x, Payload.FILES: domain.write(x)}
        try:
            domain.read(inputs[Payload.FILES])
            return inputs
        except tf.errors.InvalidArgumentError:  # A silent sound. A server that fails on a record does not start.
            continue
    del inputs[Payload.FILES]
    return inputs


def _record(signature: str, inputs: dict[str, tf.Tensor]) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "translator"
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))


def check_configuration(base: Path) -> None:
    """Raises ValueError if a folder contains a damaged `models.config`."""
    if (base / MODELS_CONFIG).exists():
        read_models_config(base / MODELS_CONFIG)


def write_configuration(base: Path, name: str) -> None:
    """Writes or updates the configuration for servers of the versions in `BASE/NAME/`.

    In `models.config` the newest version gets the label "canary", and also "stable" if no version has it. Everything
    else in an existing `models.config` is kept. Other existing files are not changed, since they may have been edited.

    Args:
        base: Folder of the bundle.
        name: Name of the model.

    Raises:
        ValueError: An existing `models.config` is damaged.
    """
    for file in FILES.iterdir():
        if not (base / file.name).exists():
            files.write_atomically(base / file.name, functools.partial(shutil.copyfile, file))
    path = base / MODELS_CONFIG
    config = read_models_config(path) if path.exists() else model_server_config_pb2.ModelServerConfig()
    model = find_model(config, name)
    if model is None:
        model = config.model_config_list.config.add(
            name=name, base_path=str(MOUNTED / name), model_platform="tensorflow"
        )
    versions = {int(folder.name) for folder in (base / name).iterdir() if folder.name.isdecimal()}
    labels = model.version_labels
    labels["canary"] = max(versions)
    if labels["stable"] not in versions:
        labels["stable"] = labels["canary"]
    model.model_version_policy.specific.versions[:] = sorted({labels[label] for label in labels} & versions)
    text = _HEADER + text_format.MessageToString(config)
    files.write_atomically(path, lambda temporary: temporary.write_text(text))


def read_models_config(path: Path) -> Any:
    """Reads a `models.config`, which is a ModelServerConfig in text format.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        return text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no configuration of TensorFlow Serving ({checks.reason(error)}).") from None


def find_model(config: Any, name: str) -> Any:
    """The entry of a model in a ModelServerConfig; None if there is none."""
    return next((model for model in config.model_config_list.config if model.name == name), None)
