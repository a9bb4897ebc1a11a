"""The Python server against slow, many and malformed clients, by raw sockets; its errors; and its end."""

import base64
import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
import time

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.support import served_odd
from tests.support.paths import ROOT
from tests.support.processes import free_ports

SECONDS = 0.3
"""Time for headers, bodies and what is under way."""

BODY = b'{"instances": [[1, 2]]}'
ANSWER = {"predictions": [[2.0, 4.0]]}
START = b"POST /v1/models/translator:predict HTTP/1.1\r\nHost: x\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
RIGHT = START + LENGTH + b"\r\n" + BODY


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("odd") / "translator"
    served_odd.write_odd_model(base / "1")
    return base


@pytest.fixture(scope="module")
def server(base):
    limits = {"header_seconds": SECONDS, "body_seconds": SECONDS, "max_connections_per_address": 8}
    with served_odd.serving_here(base, **limits) as server:
        yield server


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def exchange(server, content):
    """What comes back for some bytes until the server closes: the (status, body) of each answer."""
    with server.connect() as connection:
        connection.sendall(content)
        received = bytearray()
        while part := connection.recv(2**16):
            received += part
    return answers(bytes(received))


def answers(received):
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode().lower().splitlines()
        length = int(dict(line.split(": ", 1) for line in lines[1:]).get("content-length", 0))
        found.append((int(lines[0].split()[1]), json.loads(rest[:length] or "null")))
        received = rest[length:]
    return found


def post(server, content, **options):
    return requests.post(f"{server.rest}/v1/models/translator:predict", json=content, timeout=60, **options)


def file(content):
    return {"b64": base64.b64encode(content).decode()}


def message(signature, **inputs):
    made = predict_pb2.PredictRequest(model_spec={"name": "translator", "signature_name": signature})
    for key, value in inputs.items():
        made.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return made


# ---- Headers and bodies --------------------------------------------------------------------------

HEADERS = {
    "right": (LENGTH, 200),
    "chunked": (None, 200),
    "identity": (LENGTH + b"Content-Encoding: Identity\r\n", 200),
    "no encoding": (LENGTH + b"Content-Encoding: \r\n", 200),
    "compressed": (LENGTH + b"Content-Encoding: identity, GZIP\r\n", 415),
    "expecting": (LENGTH + b"Expect: 100-continue\r\n", 200),
    "length of words": (b"Content-Length: abc\r\n", 400),
    "negative length": (b"Content-Length: -5\r\n", 400),
    "two lengths": (LENGTH + b"Content-Length: 5\r\n", 400),
    "length beyond 64 bits": (b"Content-Length: 99999999999999999999999999\r\n", 400),
    "length and chunks": (LENGTH + b"Transfer-Encoding: chunked\r\n", 400),
    "chunks of no size": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "unknown transfer": (b"Transfer-Encoding: gzip\r\n", 400),
    "name with a space": (LENGTH + b"X Y: z\r\n", 400),
    "value with a zero": (LENGTH + b"X: \x00\r\n", 400),
    "large value": (LENGTH + b"X: " + bytes([97]) * 2**17 + b"\r\n", 431),
    "many values": (LENGTH + b"X: 1234567890\r\n" * 2**13, 431),
    "endless value": (LENGTH + b"X: " + bytes([97]) * 2**19, 431),
}


@pytest.mark.parametrize(("header", "status"), HEADERS.values(), ids=HEADERS)
def test_header_is_answered_or_refused_in_json(server, header, status):
    chunked = START + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    try:
        found = exchange(server, chunked if header is None else START + header + b"\r\n" + BODY)
    except ConnectionResetError:  # It does not read what it refuses, so that the answer may be lost.
        assert status == 431
        return
    *_, (code, content) = found
    assert code == status
    assert content == ANSWER if status == 200 else list(content) == ["error"]


@pytest.mark.parametrize(
    ("path", "method", "status", "allowed"),
    [
        ("/v1/models/translator:predict", "GET", 405, "POST"),
        ("/v1/models/translator/versions/1:predict", "PUT", 405, "POST"),
        ("/v1/models/translator:predict", "OPTIONS", 405, "POST"),
        ("/v1/models/translator:classify", "GET", 405, "POST"),
        ("/v1/models/translator/", "GET", 404, None),
        ("/a%0Ab", "GET", 404, None),
    ],
)
def test_method_or_path_is_refused_without_the_host_of_the_request(server, path, method, status, allowed):
    answer = requests.request(method, server.rest + path, headers={"Host": "evil.example"}, timeout=60)
    assert (answer.status_code, answer.headers.get("Allow"), list(answer.json())) == (status, allowed, ["error"])
    assert "\n" not in answer.json()["error"]
    assert "evil" not in answer.text + str(answer.headers)


def test_head_has_no_body(server):
    answer = requests.head(f"{server.rest}/v1/models/translator", timeout=60)
    assert (answer.status_code, answer.content) == (200, b"")
    assert requests.head(f"{server.rest}/v1/models/translator:predict", timeout=60).status_code == 405


def test_host_that_is_no_host_does_not_matter(server):
    assert exchange(server, b"GET /nothing HTTP/1.1\r\nHost: [\r\n\r\n")[0][0] == 404


def test_right_requests_before_a_damaged_one_are_answered(server):
    assert exchange(server, RIGHT * 3) == [(200, ANSWER)] * 3
    found = exchange(server, RIGHT + b"\x00damaged\r\n\r\n")
    assert found[0] == (200, ANSWER)


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
"""What Java's client sends with its first request."""


def test_upgrade_is_ignored(server):
    asking = START + UPGRADE + LENGTH + b"\r\n" + BODY
    assert exchange(server, asking + asking + RIGHT) == [(200, ANSWER)] * 3
    with server.connect() as connection:
        for byte in asking:
            connection.sendall(bytes([byte]))
        received = bytearray()
        while part := connection.recv(2**16):
            received += part
    assert answers(bytes(received)) == [(200, ANSWER)]
    chunked = START + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    assert exchange(server, chunked) == [(200, ANSWER)]
    assert exchange(server, START + UPGRADE + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n")[0][0] == 400
    many = b"GET /healthz HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" * 2000
    assert [status for status, _ in exchange(server, many)] == [200] * 2000


def test_connect_is_refused(server):
    assert exchange(server, b"CONNECT /v1 HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01")[0][0] == 404


# ---- Slow clients, and many ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "status"), [(START, 408), (b"", None), (START + LENGTH + b"\r\n{", 408), (RIGHT + START, 408)]
)
def test_client_that_stops_sending_is_told_and_loses_the_connection(server, content, status):
    start = time.monotonic()
    found = exchange(server, content)
    assert (found[-1][0] if found else None) == status
    assert SECONDS - 0.05 < time.monotonic() - start < SECONDS + 2


@pytest.mark.parametrize(("at_once", "trickle"), [(b"", START * 100), (b"", b"\r\n" * 1000), (RIGHT, b"\r\n" * 1000)])
def test_bytes_that_trickle_in_do_not_extend_the_time(server, at_once, trickle):
    start = time.monotonic()
    with server.connect() as connection, pytest.raises(ConnectionError):
        connection.sendall(at_once)
        for i in range(len(trickle)):
            connection.sendall(trickle[i : i + 1])
            time.sleep(0.005)
    assert SECONDS - 0.05 < time.monotonic() - start < SECONDS + 2


@pytest.mark.parametrize(("pause", "is_complete"), [(0.03, True), (4 * SECONDS, False)])
def test_client_that_does_not_read_loses_the_connection_and_one_that_reads_slowly_does_not(server, pause, is_complete):
    body = b'{"signature_name": "wide", "instances": [[1], [2], [3], [4]]}'
    received = bytearray()
    with server.connect() as connection:
        connection.sendall(START + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(pause)
        while part := connection.recv(2**20):
            received += part
            if is_complete:
                time.sleep(pause)
    assert len(received) > 2**17
    assert received.endswith(b"}") == is_complete


def test_connections_from_one_address_are_limited(server):
    open_ones = [server.connect() for _ in range(8)]
    refused = post(server, {"instances": [[1, 2]]})
    assert refused.status_code == 503
    assert "too many connections from 127.0.0.1" in refused.json()["error"]
    assert refused.headers["Connection"] == "close"
    for connection in open_ones:
        connection.sendall(RIGHT)
        assert b" 200 " in connection.recv(100)
        connection.close()
    assert post(server, {"instances": [[1, 2]]}).json() == ANSWER


def test_connection_of_grpc_that_says_nothing_is_closed(server):
    host, _, port = server.grpc.partition(":")
    start = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        while connection.recv(2**16):
            pass
    assert time.monotonic() - start < SECONDS + 2


# ---- What the model raises -----------------------------------------------------------------------

TOP_DOWN_BMP = b"BM" + (102).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + b"".join(
    number.to_bytes(size, "little", signed=True)
    for number, size in [(40, 4), (4, 4), (-4, 4), (1, 2), (24, 2), *[(0, 4)] * 6]
) + bytes(48)  # fmt: skip

FAILURES = {
    "MP3": ("first_sample", "data_bytes", b"\xff\xfb\x90\x00" * 100, "INVALID_ARGUMENT", 400, "Header mismatch"),
    "OGG": ("first_sample", "data_bytes", b"OggS" * 100, "INVALID_ARGUMENT", 400, "Expected RIFF but found OggS"),
    "cut short": ("first_sample", "data_bytes", b"RIFF", "INVALID_ARGUMENT", 400, ""),
    "no picture": ("first_pixel", "data_bytes", b"\xff" * 10, "INVALID_ARGUMENT", 400, ""),
    "BMP from the top": ("first_pixel", "data_bytes", TOP_DOWN_BMP, "INVALID_ARGUMENT", 400, "negative height"),
    "overflow": ("double", "x", [3e38, 1.0], "INVALID_ARGUMENT", 400, "Output 'y' has values that are NaN or infinite"),
    "fault of ours": ("missing_file", "data_bytes", b"x", "INTERNAL", 500, "The model failed"),
}


@pytest.mark.parametrize(("signature", "key", "item", "code", "status", "words"), FAILURES.values(), ids=FAILURES)
def test_failure_is_the_senders_if_the_data_cause_it(server, stub, signature, key, item, code, status, words):
    is_file = isinstance(item, bytes)
    answer = post(server, {"signature_name": signature, "instances": [file(item) if is_file else item]})
    assert answer.status_code == status
    with pytest.raises(grpc.RpcError) as raised:
        stub.Predict(message(signature, **{key: [item] if is_file else np.float32([item])}), timeout=60)
    assert raised.value.code().name == code
    assert answer.json() == {"error": raised.value.details()}
    assert words in raised.value.details()
    assert "\n" not in raised.value.details()


def test_one_faulty_request_fails_alone(stub):
    items = [[3e38 if i % 5 == 0 else i, 1.0] for i in range(20)]
    calls = [stub.Predict.future(message("double", x=np.float32([item])), timeout=60) for item in items]
    assert [call.exception() is None for call in calls] == [i % 5 != 0 for i in range(20)]
    np.testing.assert_array_equal(tf.make_ndarray(calls[7].result().outputs["y"]), [[14.0, 2.0]])


@pytest.mark.parametrize("method", ["Predict", "GetModelMetadata"])
def test_damaged_message_is_refused(server, method):
    with grpc.insecure_channel(server.grpc) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")(b"\xff" * 9, timeout=60)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "damaged" in raised.value.details()


def test_method_that_is_not_served_is_named(stub):
    with pytest.raises(grpc.RpcError) as raised:
        stub.Classify(classification_pb2.ClassificationRequest(), timeout=60)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "not for Classify" in raised.value.details()


@pytest.mark.parametrize("part", ["model", "signature", "input"])
def test_long_name_is_not_said_back_whole(stub, part):
    name = "n" * 10**6
    asked = message(name if part == "signature" else "double", **{name if part == "input" else "x": np.zeros((1, 2))})
    if part == "model":
        asked.model_spec.name = name
    with pytest.raises(grpc.RpcError) as raised:
        stub.Predict(asked, timeout=60)
    assert raised.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
    assert 10 < len(raised.value.details()) < 400


# ---- Its end -------------------------------------------------------------------------------------


def test_stop_answers_what_ends_in_time_and_cuts_off_the_rest_with_503(base):
    server = served_odd.ServerThread(base, grace_seconds=1.5, body_seconds=30)
    session = requests.Session()
    wait = lambda seconds: post(server, {"signature_name": "wait", "instances": [[seconds]]})  # noqa: E731
    with (
        grpc.insecure_channel(server.grpc) as channel,
        concurrent.futures.ThreadPoolExecutor() as pool,
        server.connect() as half,
    ):
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        half.sendall(START + LENGTH + b"\r\n{")
        session.get(f"{server.rest}/healthz", timeout=60)
        short = pool.submit(wait, 0.5)
        time.sleep(0.1)  # So that each is a batch of its own.
        long = pool.submit(wait, 3.0)
        by_grpc = predict.future(message("wait", x=np.float32([[3.0]])), timeout=60)
        time.sleep(0.1)
        start = time.monotonic()
        server.begin_stop()
        time.sleep(0.1)
        refused = session.post(f"{server.rest}/v1/models/translator:predict", json={"instances": [[1, 2]]}, timeout=60)
        assert (refused.status_code, refused.headers["Connection"]) == (503, "close")
        assert "is stopping" in refused.json()["error"]
        with pytest.raises(grpc.RpcError) as raised:
            predict(message("double", x=np.zeros((1, 2), np.float32)), timeout=60)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        assert short.result().json() == {"predictions": [[0.5]]}
        assert (long.result().status_code, list(long.result().json())) == (503, ["error"])
        assert by_grpc.code() == grpc.StatusCode.UNAVAILABLE
        assert "stopped before" in by_grpc.details()
        assert answers(half.recv(2**16))[0][0] == 503
        server.stop()
        assert time.monotonic() - start < 1.5 + 2


@pytest.mark.slow
def test_computation_that_does_not_end_does_not_keep_the_process(base):
    port, rest_port = free_ports()
    code = (
        "import asyncio, pathlib; from latent_xlate.serving.server import limits, run; "
        f"asyncio.run(run.serve('translator', pathlib.Path({str(base)!r}), run.Address(port={port}, "
        f"rest_api_port={rest_port}), limits.Limits(grace_seconds=1)))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline().startswith("Serving")
        url = f"http://127.0.0.1:{rest_port}/v1/models/translator:predict"
        with concurrent.futures.ThreadPoolExecutor() as pool:
            body = {"signature_name": "wait", "instances": [[1000]]}
            cut_off = pool.submit(requests.post, url, json=body, timeout=60)
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            start = time.monotonic()
            assert cut_off.result().status_code == 503
            assert process.wait(30) == 0
            assert 1 < time.monotonic() - start < 10
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
