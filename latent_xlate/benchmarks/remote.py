"""A function in a process of its own, so that libraries that do not bear each other can be timed in turn.

PyTorch's compiler and TensorFlow bring an LLVM each, and one process that loads both aborts.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from typing import Any


class RemoteFunction:
    """Makes a function in a child process and calls it there; the child waits, idle, between calls.

    Example:
        with RemoteFunction("latent_xlate.benchmarks.bridge_torch:trainer", size="4x512") as run:
            seconds = run(100)
    """

    def __init__(self, maker: str, **kwargs: Any):
        """Starts the child.

        Args:
            maker: "module:function", of a function that takes `kwargs` and returns the one to call.
            **kwargs: JSON-serialisable.
        """
        self._maker = maker
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  Closed at the end.
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, maker, json.dumps(kwargs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def __call__(self, *args: Any) -> Any:
        """The function's value; arguments and value are JSON-serialisable.

        Raises:
            RuntimeError: The child has ended; the message holds the last of what it said.
        """
        assert self._child.stdin and self._child.stdout
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(args), file=self._child.stdin, flush=True)
        line = self._child.stdout.readline()
        if not line:
            self._said.seek(0)
            raise RuntimeError(f"{self._maker} ended: {self._said.read()[-2000:]}")
        return json.loads(line)

    def __enter__(self) -> RemoteFunction:
        """Gives itself, to be closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the child."""
        self._child.kill()
        self._child.communicate()
        self._said.close()


def _serve(maker: str, kwargs: str) -> None:
    """Answers a line of arguments with a line of the value, until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # What libraries print is no answer.
    module, function = maker.split(":")
    call = getattr(importlib.import_module(module), function)(**json.loads(kwargs))
    for line in sys.stdin:
        print(json.dumps(call(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
