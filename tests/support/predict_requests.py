"""Requests for each signature of an export, and the answers that a translator gives to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from latent_xlate.serving import bundle
from latent_xlate.serving.signature_name import DEFAULT_SIGNATURE, Payload, SignatureName
from latent_xlate.translator import Translator
from tests.support.tolerances import assert_close


def make(translator: Translator, rows: int = 3) -> Iterator[tuple[SignatureName, bytes]]:
    """Signatures, and a request of some rows for each as gRPC carries it."""
    for name in SignatureName.possible(translator.names):
        domain = translator.domain(name.source)
        z = domain.sample_prior(rows, seed=5)
        x = domain.decode(z)
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "translator"
        request.model_spec.signature_name = str(name)
        value = {Payload.LATENTS: z, Payload.ARRAYS: x, Payload.FILES: domain.write(x)}[name.payload]
        request.inputs[name.payload.key].CopyFrom(tf.make_tensor_proto(value))
        if name.sampled:
            request.inputs["seed"].CopyFrom(tf.make_tensor_proto(np.array([[7, row] for row in range(rows)], np.int32)))
            request.inputs["temperature"].CopyFrom(tf.make_tensor_proto(np.linspace(0, 2, rows, dtype=np.float32)))
        yield name, request.SerializeToString()


def warm_up(folder: Path) -> dict[str, bytes]:
    """The requests in an export's warm-up records, by signature."""
    records = tf.data.TFRecordDataset(str(folder / bundle.WARMUP_FILE)).as_numpy_iterator()
    requests = [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]
    return {request.model_spec.signature_name: request.SerializeToString() for request in requests}


def inputs_of(request: bytes) -> dict[str, np.ndarray]:
    """The inputs of a request by name."""
    return {key: tf.make_ndarray(value) for key, value in predict_pb2.PredictRequest.FromString(request).inputs.items()}


def named(translator: Translator, signature: str) -> SignatureName:
    """The parsed name of a signature; the default is of files of the first domain to the second."""
    if signature == DEFAULT_SIGNATURE:
        return SignatureName(*translator.names[:2])
    return next(name for name in SignatureName.possible(translator.names) if str(name) == signature)


def assert_answers(translator: Translator, name: SignatureName, request: bytes, answer: np.ndarray) -> None:
    """Asserts that an answer is the translator's own."""
    inputs = inputs_of(request)
    value = tf.constant(inputs[name.payload.key])
    noise = translator.noise(*(tf.constant(inputs[key]) for key in ("seed", "temperature"))) if name.sampled else None
    if name.payload is Payload.LATENTS:
        expected = translator.translate_latents(value, name.source, name.target, noise)
        assert_close(answer, expected, atol=1e-6, rtol=1e-6, err_msg=str(name))
        return
    x = value if name.payload is Payload.ARRAYS else translator.domain(name.source).read(value)
    expected = translator.translate_data(x, name.source, name.target, noise)
    tolerance = 1e-6
    if name.payload is Payload.FILES:
        modality = translator.domain(name.target).modality
        answer, expected = (_decoded(files) for files in (answer, modality.write(expected)))
        tolerance = 1  # A number at the edge of two levels may be rounded either way.
    assert_close(answer, expected, atol=tolerance, rtol=1e-6, err_msg=str(name))


def _decoded(files: tf.Tensor) -> np.ndarray:
    """Levels of the pixels of PNG files, or of the samples of WAV files."""
    contents = [bytes(content) for content in np.asarray(files)]
    if contents[0].startswith(b"RIFF"):
        return np.stack([np.frombuffer(content[44:], "<i2") for content in contents]).astype(np.int32)
    return np.stack([tf.io.decode_png(content) for content in contents]).astype(np.int32)


BAD = [
    ("digits_to_clothes_latents", {"z": np.full((1, 6), 3e38, np.float32)}, "NaN or infinite values, since those of"),
    ("digits_to_clothes_latents", {"z": np.full((1, 6), np.nan, np.float32)}, "z has 6 NaN or infinite values."),
    (
        "digits_to_clothes_arrays",
        {"x": np.linspace(0, 255, 784, dtype=np.float32).reshape(1, 28, 28, 1)},
        "x has values from 0 to 255; images must lie in [0, 1]: divide it by 255.",
    ),
    (
        "digits_to_clothes_arrays_sampled",
        {
            "x": np.full((1, 28, 28, 1), 1e38, np.float32),
            "seed": np.zeros((1, 2), np.int32),
            "temperature": np.ones(1, np.float32),
        },
        "x has values from 1e+38 to 1e+38; images must lie in [0, 1].",
    ),
    (
        "digits_to_clothes_latents_sampled",
        {
            "z": np.zeros((2, 6), np.float32),
            "seed": np.zeros((2, 2), np.int32),
            "temperature": np.array([1, -0.5], np.float32),
        },
        "The temperature is -0.5; it must lie in [0, 100].",
    ),
    ("digits_to_clothes", {"data_bytes": np.array([b"no picture"], object)}, "The file is not a PNG"),
]
"""Signatures of the served translator, inputs that they refuse, and a part of the message."""
