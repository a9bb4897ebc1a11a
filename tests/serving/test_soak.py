"""Many requests of all kinds, right, wrong and abandoned, while the version is swapped, and SIGTERM in the middle.

`SOAK_REQUESTS` says how many; `make soak` takes 100,000.
"""

import asyncio
import contextlib
import os
import random
import re
import resource
import shutil
import signal
import socket
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from latent_xlate.serving import bundle, export
from tests import tiny
from tests.domains.test_image_files import png_bomb
from tests.serving.served import serving

NUM_REQUESTS = int(os.environ.get("SOAK_REQUESTS", "2000"))
NUM_CLIENTS = 24
NUM_INPUTS = 16

BAD_BODIES = [b"", b"{", b'{"instances": [1]}', b'{"instances": []}', b"[" * 10_000, bytes(1000)]


def resident(pid):
    """Bytes of memory that a process fills."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def made(signature, **inputs):
    request = predict_pb2.PredictRequest(model_spec={"name": "translator", "signature_name": signature})
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


class Load:
    """Requests with known answers, and what came of them."""

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
        self.right = [0, 0]
        self.wrong = []
        self.bad = made("digits_to_clothes", data_bytes=[png_bomb(4096, 4097)])

    async def ask(self, predict, number):
        signature = list(self.kinds)[number % 3]
        key, batch, expected, tolerance = self.kinds[signature]
        i = random.randrange(NUM_INPUTS)
        response = await predict(made(signature, **{key: batch[i : i + 1]}), timeout=120)
        (answer,) = tf.make_ndarray(response.outputs[key])
        if key == "data_bytes":
            answer = tf.io.decode_png(answer).numpy() / 255
        matches = [np.abs(answer - each[i]).max() < tolerance for each in expected]
        version = response.model_spec.version.value
        if not matches[version - 1]:
            self.wrong.append((signature, i, version))
        self.right[version - 1] += 1

    async def spoil(self, predict):
        """One request that is wrong, among the others, and one whose sender goes away."""
        with pytest.raises(grpc.RpcError) as raised:
            await predict(self.bad, timeout=120)
        assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        going = predict(made("digits_to_clothes_latents", z=self.kinds["digits_to_clothes_latents"][1]))
        await asyncio.sleep(random.random() / 100)
        going.cancel()


def disturb(server, ended):
    """Malformed bodies, and connections that end in the middle of one."""
    host, port = server.rest.removeprefix("http://").split(":")
    head = b"POST /v1/models/translator:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    while not ended.wait(0.05):
        with contextlib.suppress(ConnectionError), socket.create_connection((host, int(port))) as connection:
            connection.sendall(head[: random.randrange(1, len(head))])
        with contextlib.suppress(requests.ConnectionError):  # Once it stops.
            body = random.choice(BAD_BODIES)
            answer = requests.post(f"{server.rest}/v1/models/translator:predict", data=body, timeout=120)
            assert answer.status_code == 400, answer.text


@pytest.mark.slow
def test_no_request_is_lost_or_answered_wrongly_and_memory_is_flat(served_base, tmp_path):
    shutil.copytree(served_base, tmp_path, dirs_exist_ok=True)
    (tmp_path / bundle.MODELS_CONFIG).unlink()
    translators = tiny.translator(), tiny.translator(seed=3)
    (tmp_path / "new").mkdir()
    second = export.export_translator(translators[1], tmp_path / "new")
    load = Load(translators)
    memory = []
    refused = []

    async def run(server):
        asked = iter(range(10**9))
        stopped = False

        async def client(predict):
            nonlocal stopped
            while not stopped:
                number = next(asked)
                if number == NUM_REQUESTS // 8:
                    second.rename(tmp_path / "translator" / "2")
                if not memory and load.right[1] >= NUM_REQUESTS // 8:
                    memory.append(resident(server.process.pid))
                if number >= NUM_REQUESTS and load.right[1] >= NUM_REQUESTS // 4:
                    stopped = True
                    memory.append(resident(server.process.pid))
                    server.process.send_signal(signal.SIGTERM)
                try:
                    await load.ask(predict, number)
                    # Not at the end, where a request without an answer is to be the server's fault.
                    if number % 50 == 0 and (number < NUM_REQUESTS - 100 or load.right[1] < NUM_REQUESTS // 5):
                        await load.spoil(predict)
                except grpc.RpcError as error:  # Refused before it was accepted, which only a server that stops may do.
                    refused.append((stopped, error.code()))
                    return

        async with grpc.aio.insecure_channel(server.grpc) as channel:
            predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
            await asyncio.gather(*(client(predict) for _ in range(NUM_CLIENTS)))

    ended = threading.Event()
    with serving(tmp_path) as server:
        disturbing = threading.Thread(target=disturb, args=(server, ended))
        disturbing.start()
        try:
            asyncio.run(run(server))
            assert server.process.wait(60) == 0, server.log.read_text()
        finally:
            ended.set()
            disturbing.join()
    assert not load.wrong
    assert sum(load.right) + len(refused) >= NUM_REQUESTS
    # gRPC cancels what has come, and has not been handed to the server, when it stops.
    assert {code for _, code in refused} <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}, refused
    assert all(stopped for stopped, _ in refused), refused
    cut_off = int(re.search(r"requests cut off: (\d+)", server.log.read_text()).group(1))
    assert cut_off == 0, "Requests that had been accepted were lost."
    assert "Traceback" not in server.log.read_text()
    print(f"{sum(load.right)} answered ({load.right}), {len(refused)} refused; memory {memory}")
    assert memory[1] < 1.1 * memory[0] + 20e6, memory
