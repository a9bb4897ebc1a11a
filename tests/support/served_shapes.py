"""A TFDS data set whose one file comes from a server on this machine: downloads without a network."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import threading
from collections.abc import Iterator
from functools import partial

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.checksums import UrlInfo

from tests.support import raw


def file_to_download() -> bytes:
    file = io.BytesIO()
    arrays = {
        f"{split}_{name}": getattr(data, name)
        for split, data in raw.small_splits().items()
        for name in ("content", "labels")
    }
    np.savez(file, **arrays)
    return file.getvalue()


CONTENT = file_to_download()


class ServedShapes(tfds.core.GeneratorBasedBuilder):
    """The data set "served_shapes": `raw.small_splits()`."""

    VERSION = tfds.core.Version("2.0.0")
    url_infos: dict[str, UrlInfo] = {}

    def _info(self):
        features = {"image": tfds.features.Image(shape=(28, 28, 1)), "label": tfds.features.ClassLabel(num_classes=3)}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        path = dl_manager.download(next(iter(self.url_infos)))
        return {split: self._generate_examples(path, split) for split in ("train", "test")}

    def _generate_examples(self, path, split):
        with np.load(io.BytesIO(path.read_bytes())) as arrays:
            records = zip(arrays[f"{split}_content"], arrays[f"{split}_labels"], strict=True)
            for number, (image, label) in enumerate(records):
                yield number, {"image": image, "label": label}


def come_from(monkeypatch, port: int) -> None:
    """Has the data set download its file from a port of this machine."""
    info = UrlInfo(size=len(CONTENT), checksum=hashlib.sha256(CONTENT).hexdigest(), filename="shapes.npz")
    monkeypatch.setattr(ServedShapes, "url_infos", {f"http://127.0.0.1:{port}/shapes.npz": info})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, status, content, *args):
        self.status, self.content = status, content
        super().__init__(*args)

    def do_GET(self):
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        # Whoever asks only whether the host answers hangs up.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(self.content)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def server(status: int = 200, content: bytes = CONTENT) -> Iterator[int]:
    """Answers every request alike; gives the port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, status, content)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port
        running.shutdown()
