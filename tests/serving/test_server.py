"""The Python server, in a process of its own, by raw requests: JSON over HTTP, and the official stubs."""

import base64
import concurrent.futures
import contextlib
import gzip
import json
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from latent_xlate.serving import bundle, export
from latent_xlate.serving.client import TranslatorClient
from latent_xlate.serving.server.json_tensors import decode_base64
from tests.modalities.test_image_files import png_bomb
from tests.support import tiny
from tests.support.served import ROOT, serving
from tests.support.tolerances import assert_close

pytestmark = pytest.mark.long

ARRAYS = "digits_to_clothes_arrays"
LATENTS = "digits_to_clothes_latents"


def images(count, seed=0):
    return np.random.default_rng(seed).random((count, 28, 28, 1), np.float32)


def pngs(count, seed=0):
    return list(tiny.image_domain().write(tf.constant(images(count, seed))).numpy())


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def pixels(png):
    return tf.io.decode_png(png).numpy() / 255


def post(server, content, where=""):
    return requests.post(f"{server.rest}/v1/models/translator{where}:predict", json=content, timeout=60)


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield channel


@pytest.fixture(scope="module")
def predict(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict


def request(signature, name="translator", **inputs):
    made = predict_pb2.PredictRequest(model_spec={"name": name, "signature_name": signature})
    for key, value in inputs.items():
        made.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return made


# ---- Right requests ------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["", "/versions/1", "/labels/stable", "/labels/canary"])
def test_rows_and_columns_are_answered_in_kind(server, served_translator, where):
    x = images(3)
    expected = served_translator.translate(x, "digits", "clothes")
    rows = post(server, {"signature_name": ARRAYS, "instances": x.tolist()}, where).json()
    columns = post(server, {"signature_name": ARRAYS, "inputs": {"x": x.tolist()}}, where).json()
    unnamed = post(server, {"signature_name": ARRAYS, "inputs": x.tolist()}, where).json()
    for answer, key in ((rows, "predictions"), (columns, "outputs"), (unnamed, "outputs")):
        assert list(answer) == [key]
        assert_close(answer[key], expected, atol=1e-6)


def test_bytes_go_in_and_out_as_base64(server, served_translator):
    (answer,) = post(server, {"instances": [b64(pngs(1)[0])]}).json()["predictions"]
    assert list(answer) == ["b64"]
    x = served_translator.domain("digits").read(tf.constant(pngs(1))).numpy()
    expected = served_translator.translate(x, "digits", "clothes")
    np.testing.assert_allclose(pixels(base64.b64decode(answer["b64"])), expected[0], atol=0.51 / 255)


@pytest.mark.parametrize("content", [b"", b"a", b"ab", b"abc", bytes(range(256)), b"\xff\xfe\xfb\xef" * 9])
def test_base64_is_read_as_it_is_written_anywhere(content):
    padded, safe = base64.b64encode(content).decode(), base64.urlsafe_b64encode(content).decode()
    lines = base64.encodebytes(content).decode()
    dotted = padded.replace("=", ".")
    for text in (padded, padded.rstrip("="), safe, safe.rstrip("="), lines, lines.replace("\n", " \r\n\t"), dotted):
        assert decode_base64(text) == content


def test_several_inputs_are_objects_in_rows(server, served_translator):
    x = images(2)
    rows = [{"x": image.tolist(), "seed": [3, i], "temperature": 1} for i, image in enumerate(x)]
    answer = post(server, {"signature_name": f"{ARRAYS}_sampled", "instances": rows}).json()["predictions"]
    expected = served_translator.translate(x, "digits", "clothes", sample=True, seed=3)
    assert_close(answer, expected, atol=1e-6)


def test_grpc_answers_as_the_translator_and_says_what_answered(predict, served_translator):
    x = images(3)
    response = predict(request(ARRAYS, x=x), timeout=60)
    expected = served_translator.translate(x, "digits", "clothes")
    assert_close(tf.make_ndarray(response.outputs["x"]), expected, atol=1e-6)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("translator", 1, ARRAYS)


def test_status_and_metadata_are_the_same_by_both_ways(server, channel, served_base):
    status = requests.get(f"{server.rest}/v1/models/translator", timeout=60).json()
    assert status == {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }
    asked = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "translator"})
    (version,) = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(asked).model_version_status
    assert (version.version, version.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)

    metadata = requests.get(f"{server.rest}/v1/models/translator/labels/stable/metadata", timeout=60).json()
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == set(export.load_export(served_base / "translator" / "1").signatures)
    assert signatures[ARRAYS]["inputs"]["x"]["dtype"] == "DT_FLOAT"
    asked = get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec={"name": "translator"}, metadata_field=["signature_def"]
    )
    packed = prediction_service_pb2_grpc.PredictionServiceStub(channel).GetModelMetadata(asked).metadata
    unpacked = get_model_metadata_pb2.SignatureDefMap()
    assert packed["signature_def"].Unpack(unpacked)
    assert set(unpacked.signature_def) == set(signatures)


def test_concurrent_requests_share_batches_and_no_answer_depends_on_a_neighbour(server, served_translator):
    good, bad = pngs(24), [b"no picture", pngs(1)[0][:-20], png_bomb(4096, 4097)]
    alone = [post(server, {"instances": [b64(content)]}).json() for content in good]
    contents = [
        content for i, content in enumerate(good) for content in ([content, bad[i % 3]] if i % 4 == 0 else [content])
    ]
    with concurrent.futures.ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(lambda content: post(server, {"instances": [b64(content)]}), contents))
    by_content = dict(zip(contents, answers, strict=True))
    assert {by_content[content].status_code for content in bad} == {400}
    for content, expected in zip(good, alone, strict=True):
        (ours,), (theirs,) = by_content[content].json()["predictions"], expected["predictions"]
        difference = pixels(base64.b64decode(ours["b64"])) - pixels(base64.b64decode(theirs["b64"]))
        assert np.abs(difference).max() < 1.01 / 255  # Rounding may turn over with the size of the batch.
    lines = requests.get(f"{server.rest}/monitoring/prometheus/metrics", timeout=60).text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    one = float(values['latent_xlate_batch_items_bucket{le="1.0",signature="serving_default"}'])
    assert one < float(values['latent_xlate_batch_items_count{signature="serving_default"}'])


def test_health_and_metrics(server):
    health = requests.get(f"{server.rest}/healthz", timeout=60)
    assert (health.status_code, health.json()) == (200, {"available": [1]})
    text = requests.get(f"{server.rest}/monitoring/prometheus/metrics", timeout=60).text
    assert 'latent_xlate_version_available{version="1"} 1.0' in text


# ---- Wrong requests ------------------------------------------------------------------------------

ZEROS = np.zeros((28, 28, 1)).tolist()


def sampled(**changes):
    inputs = {"x": [ZEROS], "seed": [[0, 1]], "temperature": [1]} | changes
    kept = {key: value for key, value in inputs.items() if value is not None}
    return {"signature_name": f"{ARRAYS}_sampled", "inputs": kept}


BAD_BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"instances": ["\xff"]}',
    "no object": b"[1]",
    "nested": b"[" * 100_000,
    "nested within": b'{"instances": ' + b"[" * 500 + b"]" * 500 + b"}",
    "nested objects": b'{"instances": [' + b'{"a": ' * 900 + b"1" + b"}" * 900 + b"]}",
    "nested objects with an escape": b'{"instances": ["\\u0041", ' + b'{"a": ' * 900 + b"1" + b"}" * 900 + b"]}",
    "another key of the signature": {"signature": LATENTS, "instances": [b64(b"")]},
    "a string among lists": {"signature_name": LATENTS, "instances": [[0] * 6, "123456"]},
    "a number among lists": {"signature_name": LATENTS, "instances": [[0] * 6, 1]},
    "an object among lists": {"signature_name": LATENTS, "inputs": [[0] * 2, {"z": 0, "y": 1}]},
    "ragged of the same number": {"signature_name": LATENTS, "instances": [[0] * 6, [0] * 5, [0] * 7]},
    "NaN": b'{"signature_name": "digits_to_clothes_latents", "instances": [[NaN, 0, 0, 0, 0, 0]]}',
    "overflow": b'{"signature_name": "digits_to_clothes_latents", "instances": [[1e39, 0, 0, 0, 0, 0]]}',
    "lone surrogate": b'{"instances": ["\\ud800"]}',
    "infinite": b'{"signature_name": "digits_to_clothes_latents", "instances": [[1e400, 0, 0, 0, 0, 0]]}',
    "Infinity": b'{"signature_name": "digits_to_clothes_latents", "instances": [[Infinity, 0, 0, 0, 0, 0]]}',
    "byte order mark": b'\xef\xbb\xbf{"instances": ["a"]}',
    "UTF-16": '{"instances": ["a"]}'.encode("utf-16"),
    "key twice": b'{"instances": ["a"], "instances": ["b"]}',
    "input twice": b'{"signature_name": "digits_to_clothes_latents", "inputs": {"z": [[1]], "z": [[0]]}}',
    "neither": {},
    "both": {"instances": [], "inputs": []},
    "signature": {"signature_name": "digits_to_cloths", "instances": [b64(b"")]},
    "signature's type": {"signature_name": 1, "instances": [b64(b"")]},
    "no list": {"instances": 1},
    "no items": {"instances": []},
    "no items in columns": {"signature_name": ARRAYS, "inputs": []},
    "null": {"instances": [None]},
    "no base64": {"instances": [{"b64": "%%%"}]},
    "half base64": {"instances": [{"b64": "abc"}]},
    "wrong padding": {"instances": [{"b64": "YQ="}]},
    "two alphabets' end": {"instances": [{"b64": "YQ==YQ=="}]},
    "letters beyond ASCII": {"instances": [{"b64": "YQ\u00e9"}]},
    "bare b64 in columns": {"inputs": b64(b"")},
    "bare b64 in rows": {"instances": b64(b"")},
    "bare text": {"inputs": "a"},
    "b64 of a number": {"instances": [{"b64": 1}]},
    "numbers for bytes": {"instances": [1.0]},
    "no picture": {"instances": [b64(b"no picture")]},
    "nothing for a picture": {"instances": [b64(b"")]},
    "bomb": {"instances": [b64(png_bomb(4096, 4097))]},
    "huge": {"instances": [b64(png_bomb(1, 1)[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1) + bytes(100))]},
    "strings for numbers": {"signature_name": LATENTS, "instances": [["1"] * 6]},
    "bool for numbers": {"signature_name": LATENTS, "instances": [[True] * 6]},
    "a bool among numbers": {"signature_name": LATENTS, "instances": [[True, 0, 0, 0, 0, 0]]},
    "a long string among numbers": {"signature_name": LATENTS, "instances": [["a" * 10**6] + [0] * 5] * 10 + [[0] * 6]},
    "a list among numbers": {"signature_name": LATENTS, "instances": [[[0], 0, 0, 0, 0, 0]]},
    "100 dimensions": b'{"signature_name": "digits_to_clothes_latents", "inputs": %s0%s}' % (b"[" * 100, b"]" * 100),
    "long signature": {"signature_name": "s" * 10**6, "instances": [[0] * 6]},
    "long name": {"signature_name": LATENTS, "inputs": {"z" * 10**6: [[0] * 6]}},
    "ragged": {"signature_name": LATENTS, "instances": [[0.0] * 6, [0.0] * 5]},
    "wrong width": {"signature_name": LATENTS, "instances": [[0.0] * 5]},
    "wrong rank": {"signature_name": LATENTS, "inputs": [0.0] * 6},
    "scalar": {"signature_name": LATENTS, "inputs": 1.0},
    "unknown input": {"signature_name": LATENTS, "inputs": {"y": [[0.0] * 6]}},
    "missing input": {"signature_name": f"{LATENTS}_sampled", "inputs": {"z": [[0.0] * 6]}},
    "missing input of a row": {"signature_name": f"{LATENTS}_sampled", "instances": [{"z": [0.0] * 6}]},
    "unnamed inputs": {"signature_name": f"{LATENTS}_sampled", "instances": [[0.0] * 6]},
    "fractions for a seed": sampled(seed=[[0.5, 1]]),
    "large seed": sampled(seed=[[2**31, 1]]),
    "other numbers of items": sampled(seed=[[0, 1], [0, 2]]),
    "no temperature": sampled(temperature=None),
    "negative temperature": sampled(temperature=[-1]),
    "temperature beyond floats": sampled(temperature=[1e39]),
    "temperature that overflows": sampled(temperature=[3e38]),
    "a temperature for all": sampled(temperature=1),
    "too many items": {"signature_name": LATENTS, "instances": [[0] * 6] * 1025},
}


def one_sentence(message):
    return message and "\n" not in message and "Traceback" not in message and "/" not in message and len(message) < 400


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_malformed_body_is_refused_in_one_sentence(server, body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = requests.post(f"{server.rest}/v1/models/translator:predict", data=body, timeout=60)
    assert 400 <= answer.status_code < 500
    assert list(answer.json()) == ["error"]
    assert one_sentence(answer.json()["error"]), answer.json()


ZERO_LATENTS = [[0.0] * 6]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"signature_name": "%s", "inputs": %s, "inputs": %s}', "inputs"),
        ('{"signature_name": "%s", "inputs": {"z": %s, "z": %s}}', "z"),
        ('{"signature_name": "%s", "instances": [{"z": %s, "\\u007a": %s}]}', "z"),
        ('{"signature_name": "%s", "inputs": %s, "more": {"a": %s, "a": 1}}', "a"),
    ],
)
def test_key_that_an_object_has_twice_is_named(server, body, key):
    answer = requests.post(
        f"{server.rest}/v1/models/translator:predict", data=body % (LATENTS, ZERO_LATENTS, ZERO_LATENTS), timeout=60
    )
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": f"The body has an object with the key {key!r} twice."},
    )


def test_key_that_seems_to_name_the_signature_is_refused(server):
    answer = post(server, {"signatureName": LATENTS, "instances": [b64(pngs(1)[0])]})
    assert answer.json()["error"] == (
        "The body has the key 'signatureName': the name of a signature is given as 'signature_name'."
    )


def test_unknown_keys_and_escapes_do_no_harm(server):
    content = {"signature_name": LATENTS, "inputs": {"z": ZERO_LATENTS}, "more": {"a": ["b", "z"]}}
    body = json.dumps(content).replace('{"z"', '{"\\u007a"')
    answer = requests.post(f"{server.rest}/v1/models/translator:predict", data=body, timeout=60)
    assert answer.json() == post(server, {"signature_name": LATENTS, "inputs": ZERO_LATENTS}).json()
    assert answer.ok


def test_bare_item_is_told_to_be_a_list(server):
    answer = post(server, {"inputs": b64(pngs(1)[0])})
    assert answer.json()["error"] == (
        'Input \'data_bytes\' must be a list of items, even of one: write [{"b64": "..."}].'
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/models/other:predict", 404),
        ("POST", "/v1/models/translator/versions/7:predict", 404),
        ("POST", "/v1/models/translator/versions/x:predict", 400),
        ("POST", f"/v1/models/translator/versions/{'9' * 5000}:predict", 400),
        ("POST", "/v1/models/translator/labels/other:predict", 404),
        ("POST", "/v1/models/translator:classify", 400),
        ("POST", "/v1/models/translator", 405),
        ("GET", "/v1/models/other", 404),
        ("GET", "/v1/models/translator/versions/7", 404),
        ("GET", "/v1/models/..%2F..%2Fetc%2Fpasswd", 404),
        ("GET", "/", 404),
    ],
)
def test_what_is_not_there_is_refused(server, method, path, status):
    answer = requests.request(method, server.rest + path, data=b'{"instances": []}', timeout=60)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


def test_large_and_compressed_bodies_are_refused_without_being_read(server):
    url = f"{server.rest}/v1/models/translator:predict"
    assert (
        requests.post(
            url, data=gzip.compress(bytes(2**20)), headers={"Content-Encoding": "gzip"}, timeout=60
        ).status_code
        == 415
    )
    host, port = server.rest.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            b"POST /v1/models/translator:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
        )
        assert b" 413 " in connection.recv(100)

    def endless():
        for _ in range(40):
            yield bytes(2**20)

    with contextlib.suppress(requests.ConnectionError):  # It may stop to listen while we are still sending.
        assert requests.post(url, data=endless(), timeout=60).status_code == 413
    assert requests.get(f"{server.rest}/healthz", timeout=60).ok


def sampled_message(rows, seeds, temperatures):
    z, seed = np.zeros((rows, 6), np.float32), np.zeros((seeds, 2), np.int32)
    return request(f"{LATENTS}_sampled", z=z, seed=seed, temperature=np.array(temperatures, np.float32))


def bad_tensor(**changes):
    made = request(LATENTS, z=np.zeros((2, 6), np.float32))
    tensor = made.inputs["z"]
    for key, value in changes.items():
        tensor.ClearField(key)
        if key == "tensor_shape":
            for size in value:
                tensor.tensor_shape.dim.add(size=size)
        elif value is not None:
            setattr(tensor, key, value)
    return made


def repeated():
    made = bad_tensor(tensor_content=None, tensor_shape=(2**30, 6))
    made.inputs["z"].float_val.append(1.0)
    return made


def halves():
    made = bad_tensor(tensor_content=None)
    made.inputs["z"].half_val.extend([0] * 12)
    return made


def strings_in_content():
    made = request("", data_bytes=[b"a"])
    made.inputs["data_bytes"].tensor_content = b"a"
    return made


BAD_MESSAGES = {
    "no inputs": request(LATENTS),
    "signature": request("digits_to_cloths", z=np.zeros((1, 6), np.float32)),
    "input": request(LATENTS, y=np.zeros((1, 6), np.float32)),
    "more inputs": request(LATENTS, z=np.zeros((1, 6), np.float32), y=np.zeros((1, 6), np.float32)),
    "dtype": request(LATENTS, z=np.zeros((1, 6))),
    "unknown dtype": bad_tensor(dtype=77),
    "width": request(LATENTS, z=np.zeros((1, 5), np.float32)),
    "rank": request(LATENTS, z=np.zeros((6,), np.float32)),
    "scalar": request(LATENTS, z=np.float32(1)),
    "no items": request(LATENTS, z=np.zeros((0, 6), np.float32)),
    "NaN": request(LATENTS, z=np.full((1, 6), np.nan, np.float32)),
    "content cut short": bad_tensor(tensor_content=bytes(47)),
    "no content": bad_tensor(tensor_content=None),
    "shape beyond the content": bad_tensor(tensor_shape=(2**40, 6)),
    "negative shape": bad_tensor(tensor_shape=(-2, -6)),
    "shape beyond 64 bits": bad_tensor(tensor_content=None, tensor_shape=(2**62, 2**62)),
    "no values of a large shape": bad_tensor(tensor_content=None, tensor_shape=(2**62, 0)),
    "200 dimensions": bad_tensor(tensor_content=bytes(4), tensor_shape=(1,) * 200),
    "values of another dtype": halves(),
    "strings in content": strings_in_content(),
    "a dtype of references": bad_tensor(dtype=101),
    "one value repeated": repeated(),
    "10,000 inputs": request(LATENTS, **{f"z{i}": np.float32(0) for i in range(10_000)}),
    "no name": request(LATENTS, **{"": np.zeros((1, 6), np.float32)}),
    "long name": request(LATENTS, **{"z" * 10**6: np.zeros((1, 6), np.float32)}),
    "no picture": request("", data_bytes=[b"no picture"]),
    "bomb": request("", data_bytes=[png_bomb(4096, 4097)]),
    "numbers of items": sampled_message(2, 1, [1, 1]),
    "negative temperature": sampled_message(2, 2, [1, -1]),
    "NaN for a temperature": sampled_message(1, 1, [np.nan]),
    "temperature that overflows": sampled_message(1, 1, [3e38]),
    "no temperature": request(f"{LATENTS}_sampled", z=np.zeros((1, 6), np.float32), seed=np.zeros((1, 2), np.int32)),
    "too many items": request(LATENTS, z=np.zeros((1025, 6), np.float32)),
}


@pytest.mark.parametrize("message", BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_malformed_message_is_refused_in_one_sentence(predict, message):
    with pytest.raises(grpc.RpcError) as raised:
        predict(message, timeout=60)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT, raised.value.details()
    assert one_sentence(raised.value.details()), raised.value.details()


@pytest.mark.parametrize(
    ("message", "options", "code"),
    [
        (request(LATENTS, name="other", z=np.zeros((1, 6), np.float32)), {}, grpc.StatusCode.NOT_FOUND),
        (request("", data_bytes=[bytes(17 * 2**20)]), {}, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (request("", data_bytes=[bytes(2**20)]), {"compression": grpc.Compression.Gzip}, grpc.StatusCode.UNIMPLEMENTED),
    ],
    ids=["model", "too large", "compressed"],
)
def test_message_of_another_fault_has_its_code(predict, message, options, code):
    with pytest.raises(grpc.RpcError) as raised:
        predict(message, timeout=60, **options)
    assert raised.value.code() == code


# ---- Its life ------------------------------------------------------------------------------------


def serve(*flags):
    command = [sys.executable, str(ROOT / "bin" / "serve.py"), "--engine=python", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_versions_are_swapped_and_it_stops_without_losing_a_request(served_base, tmp_path):
    shutil.copytree(served_base, tmp_path, dirs_exist_ok=True)
    (tmp_path / bundle.MODELS_CONFIG).unlink()  # So that the newest version is served, and no other.
    other = tiny.translator(seed=3)
    x = images(4)
    expected = [t.translate(x, "digits", "clothes") for t in (tiny.translator(), other)]
    answers, failures, stopping = [], [], threading.Event()

    def ask(server, scheme):
        with TranslatorClient(getattr(server, scheme), timeout=30) as client:
            while not stopping.is_set():
                try:
                    answers.append(client.translate(x, "digits", "clothes"))
                except Exception as error:  # Whatever it is, it is a request lost.
                    failures.append(error)

    with serving(tmp_path) as server:
        threads = [threading.Thread(target=ask, args=(server, scheme)) for scheme in ("rest", "grpc") * 2]
        for thread in threads:
            thread.start()
        (tmp_path / "new").mkdir()
        made = export.export_translator(other, tmp_path / "new")
        (tmp_path / "translator" / "junk").mkdir()
        (tmp_path / "translator" / "3").mkdir()
        (tmp_path / "translator" / "3" / "saved_model.pb").write_text("damaged")
        made.rename(tmp_path / "translator" / "2")
        server.wait_for("Version 3 of translator cannot be served")
        shutil.rmtree(tmp_path / "translator" / "3")
        server.wait_for("Version 1 of translator is no longer served")
        before = len(answers)
        while len(answers) < before + 20 and not failures:
            time.sleep(0.01)
        stopping.set()
        for thread in threads:
            thread.join()
        status = requests.get(f"{server.rest}/v1/models/translator", timeout=60).json()["model_version_status"]
        assert [(entry["version"], entry["state"]) for entry in status] == [("2", "AVAILABLE")]
        with concurrent.futures.ThreadPoolExecutor() as pool:  # A large request is under way as it is told to stop.
            body = {"signature_name": ARRAYS, "instances": images(256).tolist()}
            under_way = pool.submit(post, server, body)
            while (
                b"latent_xlate_items 256.0"
                not in requests.get(f"{server.rest}/monitoring/prometheus/metrics", timeout=60).content
            ):
                if under_way.done():
                    under_way = pool.submit(post, server, body)
            assert server.stop() == 0
            assert under_way.result().status_code == 200
    assert not failures
    matches = [[np.allclose(answer, each, atol=1e-5) for each in expected] for answer in answers]
    assert all(sum(match) == 1 for match in matches)
    assert matches[0] == [True, False]
    assert matches[-1] == [False, True]


@pytest.mark.slow
def test_labels_follow_the_configuration(served_base, tmp_path):
    shutil.copytree(served_base, tmp_path, dirs_exist_ok=True)
    export.export_translator(tiny.translator(seed=3), tmp_path)
    with serving(tmp_path, port=0) as server:
        url = f"{server.rest}/v1/models/translator/labels"
        version = lambda label: requests.get(f"{url}/{label}/metadata", timeout=60).json()["model_spec"]["version"]  # noqa: E731
        assert (version("stable"), version("canary")) == ("1", "2")
        path = tmp_path / bundle.MODELS_CONFIG
        path.write_text("{")
        server.wait_for("what is served stays as it is")
        assert version("stable") == "1"
        export_config = bundle.read_models_config(served_base / bundle.MODELS_CONFIG)
        model = export_config.model_config_list.config[0]
        model.version_labels["stable"] = 2
        model.model_version_policy.specific.versions[:] = [2]
        path.write_text(str(export_config))
        server.wait_for("Version 1 of translator is no longer served")
        assert version("stable") == "2"


@pytest.mark.slow
def test_what_cannot_be_served_is_one_sentence(served_base, server, tmp_path):
    port = server.grpc.rpartition(":")[2]
    (tmp_path / "empty").mkdir()
    for flags, message in [
        ((f"--model_base_path={tmp_path / 'none'}",), "There is no folder"),
        ((f"--model_base_path={tmp_path / 'empty'}",), "There is no version to serve in"),
        ((f"--model_base_path={served_base / 'translator' / '1'}",), "is a version: give the folder that holds it"),
        (
            (f"--model_base_path={served_base / 'translator'}", f"--port={port}"),
            "Address already in use: give another port",
        ),
    ]:
        result = serve(*flags)
        assert result.returncode == 1, result.stderr
        assert message in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr
