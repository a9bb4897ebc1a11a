"""Many requests of all kinds, right, wrong and abandoned, while the version is swapped, and SIGTERM in the middle.

`SOAK_REQUESTS` says how many; `make soak` takes 100,000.
"""

import asyncio
import base64
import concurrent.futures
import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import numpy as np
import orjson
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from latent_xlate.serving import bundle, export
from tests.serving.test_server import BAD_BODIES, BAD_MESSAGES, request
from tests.support import tiny
from tests.support.served import serving

NUM_REQUESTS = int(os.environ.get("SOAK_REQUESTS", "2000"))
NUM_CLIENTS = 16
"""Of each interface."""

NUM_INPUTS = 16
SECONDS_PER_KILL = 3
QUIET_END = 200
"""Last requests, among which no client goes away: there one without an answer is to be the server's fault."""

KILLED_CLIENT = """
import sys, grpc
predict = grpc.insecure_channel(sys.argv[1]).unary_unary("/tensorflow.serving.PredictionService/Predict")
request = sys.stdin.buffer.read()
print("asking", flush=True)
while True:
    [call.result() for call in [predict.future(request) for _ in range(32)]]
"""


def resident(pid):
    """Bytes of memory that a process fills."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


class Load:
    """Requests with known answers, and what came of them.

    Attributes:
        right: How many were answered, by version; by REST, which does not name it, by what the answer is.
        wrong: Those whose answer is that of no version, or of another than the one it names.
        refused: (whether the server was stopping, what was said) of those without an answer.
    """

    def __init__(self, translators):
        x = np.random.default_rng(0).random((NUM_INPUTS, 28, 28, 1), np.float32)
        files = tiny.image_domain().write(tf.constant(x)).numpy()
        z = np.random.default_rng(1).normal(size=(NUM_INPUTS, 6)).astype(np.float32)
        read = translators[0].domain("digits").read(tf.constant(files)).numpy()
        self.kinds = {
            "digits_to_clothes_arrays": ("x", x, [t.translate(x, "digits", "clothes") for t in translators], 1e-5),
            "digits_to_clothes_latents": (
                "z", z, [t.translate_latents(z, "digits", "clothes").numpy() for t in translators], 1e-5,
            ),
            "digits_to_clothes": (
                "data_bytes", files, [t.translate(read, "digits", "clothes") for t in translators], 0.6 / 255,
            ),
        }  # fmt: skip
        self.right = {"gRPC": [0, 0], "REST": [0, 0]}
        self.wrong = []
        self.refused = []
        self.stopping = False

    def draw(self, number):
        """A signature, the name of its input, and the number of an input and the input."""
        signature = list(self.kinds)[number % 3]
        key, batch, *_ = self.kinds[signature]
        i = random.randrange(NUM_INPUTS)
        return signature, key, i, batch[i]

    def note(self, api, signature, i, answer, version=None):
        """Counts an answer."""
        key, _, expected, tolerance = self.kinds[signature]
        if key == "data_bytes":
            answer = tf.io.decode_png(answer).numpy() / 255
        matches = [np.abs(answer - each[i]).max() < tolerance for each in expected]
        if sum(matches) != 1 or version not in (None, 1 + matches.index(True)):
            self.wrong.append((api, signature, i, version))
        else:
            self.right[api][matches.index(True)] += 1

    @property
    def by_version(self):
        return [sum(counts) for counts in zip(*self.right.values(), strict=True)]


async def ask_by_grpc(load, predict, number):
    signature, key, i, value = load.draw(number)
    response = await predict(request(signature, **{key: np.asarray(value)[np.newaxis]}), timeout=120)
    (answer,) = tf.make_ndarray(response.outputs[key])
    load.note("gRPC", signature, i, answer, response.model_spec.version.value)


async def ask_by_rest(load, connection, number):
    signature, _, i, value = load.draw(number)
    value = {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value.tolist()
    status, content = await post(connection, orjson.dumps({"signature_name": signature, "instances": [value]}))
    if status == 503 and load.stopping:
        raise ConnectionError(content["error"])
    assert status == 200, content
    (answer,) = content["predictions"]
    load.note("REST", signature, i, base64.b64decode(answer["b64"]) if isinstance(answer, dict) else np.array(answer))


async def post(connection, body):
    """An HTTP request over an open connection: status and content of the answer.

    Raises:
        ConnectionError: The connection was closed before there was anything of an answer.
    """
    reader, writer = connection
    head = f"POST /v1/models/translator:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 120)).decode().lower().splitlines()
    except asyncio.IncompleteReadError as error:
        assert not error.partial, "Half an answer."
        raise ConnectionError from None
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    content = await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1]), orjson.loads(content)


async def go_away(predict):
    """A request whose sender does not wait for the answer."""
    call = predict(request("digits_to_clothes_latents", z=np.zeros((1, 6), np.float32)))
    await asyncio.sleep(random.random() / 100)
    call.cancel()


async def be_refused(load, predict):
    """A request that is wrong, among the others."""
    name, bad = random.choice(list(BAD_MESSAGES.items()))
    with pytest.raises(grpc.RpcError) as raised:
        await predict(bad, timeout=120)
    if load.stopping and raised.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        raise raised.value  # As a right request is refused then.
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT, name


def disturb(server, killed, ending, quiet, ended):
    """Malformed bodies of every kind, and until `ending` also connections that break and clients that are killed."""
    host, port = server.rest.removeprefix("http://").split(":")
    head = b"POST /v1/models/translator:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    asked = request("digits_to_clothes_arrays", x=np.zeros((1, 28, 28, 1), np.float32)).SerializeToString()
    while not ended.wait(0.05):
        with contextlib.suppress(requests.ConnectionError):  # Once it stops.
            name, body = random.choice(list(BAD_BODIES.items()))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            answer = requests.post(f"{server.rest}/v1/models/translator:predict", data=body, timeout=120)
            is_stopping = answer.status_code == 503 and "is stopping" in answer.text
            assert 400 <= answer.status_code < 500 or (ending.is_set() and is_stopping), (name, answer.text)
        if ending.is_set():
            quiet.set()
        else:
            with contextlib.suppress(ConnectionError), socket.create_connection((host, int(port))) as connection:
                connection.sendall(head[: random.randrange(1, len(head) + 1)])
            if not killed or time.monotonic() > killed[-1] + SECONDS_PER_KILL:
                kill_a_client(server.grpc, asked)
                killed.append(time.monotonic())


def kill_a_client(address, asked):
    command = [sys.executable, "-c", KILLED_CLIENT, address]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    client.stdin.write(asked)
    client.stdin.close()
    client.stdout.readline()
    time.sleep(random.random() / 5)
    client.kill()
    client.wait()
    client.stdout.close()


@pytest.mark.slow
def test_no_request_is_lost_or_answered_wrongly_and_memory_is_flat(served_base, tmp_path):
    shutil.copytree(served_base, tmp_path, dirs_exist_ok=True)
    (tmp_path / bundle.MODELS_CONFIG).unlink()
    translators = tiny.translator(), tiny.translator(seed=3)
    (tmp_path / "new").mkdir()
    second = export.export_translator(translators[1], tmp_path / "new")
    load = Load(translators)
    memory, killed = [], []
    ending, quiet, ended = threading.Event(), threading.Event(), threading.Event()

    async def run(server):
        numbers, last = iter(range(10**9)), iter(range(10**9))

        async def steer(number):
            answered = load.by_version[1]
            if number == NUM_REQUESTS // 8:
                second.rename(tmp_path / "translator" / "2")
            if not memory and answered >= NUM_REQUESTS // 8:
                memory.append(resident(server.process.pid))
            if number >= NUM_REQUESTS - QUIET_END and answered >= NUM_REQUESTS // 5:
                ending.set()
            if ending.is_set() and next(last) == QUIET_END:
                assert await asyncio.to_thread(quiet.wait, 120)
                memory.append(resident(server.process.pid))
                load.stopping = True
                server.process.send_signal(signal.SIGTERM)

        async def client_by_grpc(predict):
            while not load.stopping:
                number = next(numbers)
                await steer(number)
                try:
                    await ask_by_grpc(load, predict, number)
                    if number % 50 == 0:
                        await be_refused(load, predict)
                    if number % 50 == 25 and not ending.is_set():
                        await go_away(predict)
                except grpc.RpcError as error:
                    load.refused.append((load.stopping, error.code()))
                    return

        async def client_by_rest():
            host, port = server.rest.removeprefix("http://").split(":")
            connection = await asyncio.open_connection(host, int(port))
            while not load.stopping:
                number = next(numbers)
                await steer(number)
                try:
                    await ask_by_rest(load, connection, number)
                except ConnectionError:
                    load.refused.append((load.stopping, grpc.StatusCode.UNAVAILABLE))
                    break
            connection[1].close()

        async with grpc.aio.insecure_channel(server.grpc) as channel:
            predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
            clients = [
                client() for _ in range(NUM_CLIENTS) for client in (lambda: client_by_grpc(predict), client_by_rest)
            ]
            await asyncio.gather(*clients)

    start = time.monotonic()
    with serving(tmp_path) as server, concurrent.futures.ThreadPoolExecutor() as pool:
        disturbing = pool.submit(disturb, server, killed, ending, quiet, ended)
        try:
            asyncio.run(run(server))
            assert server.process.wait(60) == 0, server.log.read_text()
        finally:
            ended.set()
        disturbing.result()
    log = server.log.read_text()
    print(
        f"{sum(load.by_version)} answered in {time.monotonic() - start:.0f} s ({load.right} by version), "
        f"{len(load.wrong)} of them wrongly; {len(load.refused)} refused as it stopped, {len(killed)} clients killed; "
        f"memory {' and '.join(f'{each / 1e6:.0f} MB' for each in memory)}"
    )
    assert not load.wrong
    assert sum(load.by_version) + len(load.refused) >= NUM_REQUESTS
    # gRPC cancels what has come, and has not been handed to the server, when it stops.
    assert {code for _, code in load.refused} <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}, load.refused
    assert all(stopping for stopping, _ in load.refused), load.refused
    assert killed
    cut_off = int(re.search(r"requests cut off: (\d+)", log).group(1))
    assert cut_off == 0, "Requests that had been accepted were lost."
    assert "Traceback" not in log
    assert memory[1] < 1.1 * memory[0] + 20e6, memory
