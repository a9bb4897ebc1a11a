"""A real server in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.processes import free_ports


class Server:
    """`bin/serve.py` on an export.

    Attributes:
        process: The server.
        rest: "http://HOST:PORT".
        grpc: "HOST:PORT".
    """

    def __init__(self, base: Path, **flags: object):
        grpc, rest = free_ports()
        self.rest, self.grpc = f"http://127.0.0.1:{rest}", f"127.0.0.1:{grpc}"
        flags = {"model_base_path": base / "translator", "port": grpc, "rest_api_port": rest} | flags
        command = [sys.executable, str(ROOT / "bin" / "serve.py"), "--engine=python"]
        self.log = base / f"serve.{grpc}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command + [f"--{name}={value}" for name, value in flags.items()],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_for("Serving ")

    def wait_for(self, words: str, seconds: float = 120) -> None:
        """Returns once the server has said it."""
        deadline = time.monotonic() + seconds
        while words not in (said := self.log.read_text()):
            assert self.process.poll() is None, f"The server has ended.\n{said}"
            assert time.monotonic() < deadline, f"The server does not say {words!r}.\n{said}"
            time.sleep(0.05)

    def stop(self, seconds: float = 60) -> int:
        """Sends SIGTERM and gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextlib.contextmanager
def serving(base: Path, **flags: object) -> Iterator[Server]:
    server = Server(base, **flags)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
