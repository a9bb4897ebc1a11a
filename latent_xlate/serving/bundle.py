"""What TensorFlow Serving takes beside a SavedModel: records to warm up with, and its configuration.

Needs the extra `serving`, which has the protos.
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

from latent_xlate import files
from latent_xlate.translator import Translator

FILES = Path(__file__).parent / "bundle_files"
"""What a bundle gets as it is."""

MODELS_CONFIG = "models.config"
MOUNTED = Path("/models")
"""Where the official image sees the bundle."""

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
MOST_WARMUP_RECORDS = 1000
"""That TensorFlow Serving reads, as it loads a model."""

_DRAWS = 10
"""From a domain's prior, until one is an instance whose file can be read."""

_HEADER = """\
# The versions of the translator that are served, and their labels. An export labels its version canary, and stable
# where there was none; to release a canary, give stable its number. Servers look at this file again by themselves.
"""


def write_warmup(model: Path, translator: Translator, signatures: Collection[str], default: str) -> Path:
    """Writes a request of each signature into a SavedModel, for the server to answer before any user's.

    The inputs are what the domains make of latents drawn from their priors.

    Args:
        model: Folder of the SavedModel.
        translator: What it was made of.
        signatures: Their names, as `trace_signatures` gives them.
        default: Name of that among them which `serving_default` is.

    Returns:
        The file, a TFRecord of PredictionLogs.
    """
    path = model / WARMUP_FILE
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in itertools.islice(_records(translator, signatures, default), MOST_WARMUP_RECORDS):
            writer.write(record.SerializeToString())
    return path


def _records(
    translator: Translator, signatures: Collection[str], default: str
) -> Iterator[prediction_log_pb2.PredictionLog]:
    seed = tf.constant([[0, 0]])
    for source in translator.names:
        inputs = _example(translator, source)
        for target, kind, sampled in itertools.product(translator.names, inputs, ("", "_sampled")):
            name = f"{source}_to_{target}{kind}{sampled}"
            if name in signatures:
                values = inputs[kind] | ({"seed": seed} if sampled else {})
                yield _record(name, values)
                if name == default:
                    yield _record(tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY, values)


def _example(translator: Translator, name: str) -> dict[str, dict[str, tf.Tensor]]:
    """One instance of a domain, as the input of each kind of signature."""
    domain = translator.domain(name)
    for seed in range(_DRAWS if domain.has_prior else 1):
        z = domain.sample_prior(1, seed) if domain.has_prior else domain.encode(tf.zeros([1, *domain.data_shape]))[0]
        x = domain.decode(z)
        inputs = {"_latents": {"z": z}, "_arrays": {"x": x}, "": {"data_bytes": domain.write(x)}}
        try:
            domain.read(inputs[""]["data_bytes"])
            return inputs
        except tf.errors.InvalidArgumentError:  # A silent sound, on which a server would fail, and so serve nothing.
            continue
    del inputs[""]
    return inputs


def _record(signature: str, inputs: dict[str, tf.Tensor]) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "translator"
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))


def check_configuration(base: Path) -> None:
    """Raises ValueError if there is a damaged `models.config` in a folder."""
    if (base / MODELS_CONFIG).exists():
        read_models_config(base / MODELS_CONFIG)


def write_configuration(base: Path, name: str) -> None:
    """Writes what a server of the versions in `BASE/NAME/` is configured with.

    `models.config` says which versions are served, and labels the newest "canary", and "stable" where no
    version is; what else is in it stays. Other files that are there are left alone: they may have been
    edited.

    Raises:
        ValueError: `models.config` is there and is none.
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
    """Reads a `models.config`, the text of a ModelServerConfig.

    Raises:
        ValueError: It is none.
    """
    try:
        return text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no configuration of TensorFlow Serving ({error}).") from None


def find_model(config: Any, name: str) -> Any:
    """The model of that name in a ModelServerConfig, or None."""
    return next((model for model in config.model_config_list.config if model.name == name), None)
