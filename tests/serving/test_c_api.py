"""An export in a program that knows TensorFlow's C library and nothing of its Python, as a server in C has it."""

import base64
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.support import c_api, predict_requests
from tests.support.tolerances import assert_close

pytestmark = pytest.mark.skipif(c_api.library() is None, reason="TensorFlow's wheel has no library of the C API")

DTYPES = {c_api.FLOAT: np.float32, c_api.INT32: np.int32}


@pytest.fixture(scope="module")
def folder(served_base):
    return served_base / "translator" / "1"


def encoded(array):
    if array.dtype == object:
        return [c_api.STRING, list(array.shape), [base64.b64encode(text).decode() for text in array.ravel()]]
    (dtype,) = [number for number, each in DTYPES.items() if each == array.dtype]
    return [dtype, list(array.shape), array.ravel().tolist()]


def decoded(answer):
    dtype, shape, content = answer
    assert len(content) == math.prod(shape)
    if dtype == c_api.STRING:
        return np.array([base64.b64decode(text) for text in content], object)
    return np.array(content, DTYPES[dtype]).reshape(shape)


def run(folder, requests):
    """Answers of the C API to (signature, inputs)."""
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    definitions = saved.meta_graphs[0].signature_def
    calls = []
    for signature, inputs in requests:
        definition = definitions[signature]
        (output,) = definition.outputs.values()
        feeds = {definition.inputs[key].name: encoded(value) for key, value in inputs.items()}
        calls.append({"feeds": feeds, "fetch": output.name})
    command = [sys.executable, c_api.__file__, str(folder)]
    result = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout)


@pytest.mark.long
def test_each_signature_gives_the_translators_numbers(served_translator, folder):
    requests, novelty = [*predict_requests.make(served_translator)], {}
    for signature, request in predict_requests.warm_up(folder).items():
        if signature.startswith("novelty_"):
            novelty[signature] = predict_requests.inputs_of(request)
        else:
            requests.append((predict_requests.named(served_translator, signature), request))
    assert len(requests) == 24 + 25
    answers = run(folder, [(str(name), predict_requests.inputs_of(request)) for name, request in requests])
    for (name, request), answer in zip(requests, answers, strict=True):
        predict_requests.assert_answers(served_translator, name, request, decoded(answer))

    assert set(novelty) == {"novelty_digits", "novelty_digits_arrays"}
    domain = served_translator.domain("digits")
    for (signature, inputs), answer in zip(novelty.items(), run(folder, list(novelty.items())), strict=True):
        x = inputs["x"] if signature.endswith("_arrays") else domain.read(tf.constant(inputs["data_bytes"])).numpy()
        assert_close(decoded(answer), served_translator.novelty(x, "digits"), rtol=1e-5)


def test_what_is_refused_is_an_invalid_argument_with_its_sentence(folder):
    answers = run(folder, [(signature, inputs) for signature, inputs, _ in predict_requests.BAD])
    for (*_, message), answer in zip(predict_requests.BAD, answers, strict=True):
        assert answer["code"] == 3
        assert message in answer["error"]
