"""Commands in processes that are forked from one which has imported all that is slow to import.

    python -m tests.support.forked

reads requests, one a line of JSON, forks a process for each, and answers with its id and then with its exit code. A
forked process is as one that a user starts: nothing has been computed before the fork.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support.paths import ROOT
from tests.support.processes import WITHOUT_GPU


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, negative for a signal, and what it wrote."""

    status: int
    stdout: str
    stderr: str


class Forked:
    """Starts commands, one after the other, each in a forked process."""

    def __init__(self, log: Path) -> None:
        """Starts the process that is forked; output of commands goes through files in the folder `log`."""
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked"],
            cwd=ROOT, env=os.environ | WITHOUT_GPU, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.pid = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def start(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], **outputs: str) -> None:
        """Starts a command; `stdout` and `stderr` may name files that take the place of those in `log`."""
        self._outputs = {name: str(self._log / name) for name in ("stdout", "stderr")} | outputs
        request = {"module": module, "arguments": list(arguments), "environment": dict(environment)} | self._outputs
        print(json.dumps(request), file=self._process.stdin)
        self.pid = int(self._process.stdout.readline())

    def ended(self, seconds: float) -> bool:
        """Whether the command ends within a time."""
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def finish(self) -> Ended:
        """Waits for the command to end."""
        status = os.waitstatus_to_exitcode(int(self._process.stdout.readline()))
        return Ended(status, *(_text(self._outputs[name]) for name in ("stdout", "stderr")))

    def run(self, *command, **outputs: str) -> Ended:
        """Runs a command to its end; arguments as of `start`."""
        self.start(*command, **outputs)
        return self.finish()


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).is_file() else ""


def _serve() -> None:
    from latent_xlate.cli import _app  # noqa: F401  It imports TensorFlow.

    importlib.import_module("latent_xlate.reproduction.reproduce")
    importlib.import_module("latent_xlate.data.sources")
    importlib.import_module("latent_xlate.serving.bundle")
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            _become(**request)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def _become(module: str, arguments: list[str], environment: Mapping[str, str], stdout: str, stderr: str) -> None:
    """Runs a command in this process, which ends with it as Python ends."""
    for descriptor, path in enumerate(["/dev/null", stdout, stderr]):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY)
        os.dup2(file, descriptor)
        os.close(file)
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    importlib.import_module(module).console_entry_point()
    sys.exit(0)


if __name__ == "__main__":
    _serve()
