"""A function in a process of its own, so that libraries that conflict can be timed in turn.

PyTorch's compiler and TensorFlow contain an LLVM each, and a process that loads both aborts.
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

from latent_xlate import processes


class RemoteFunction:
    """Makes a function in a child process and calls it there. The child is idle between calls.

    Example:
        with RemoteFunction("latent_xlate.benchmarks.bridge_torch:trainer", size="4x512") as run:
            seconds = run(100)
    """

    def __init__(self, maker: str, **kwargs: Any):
        """Starts the child.

        Args:
            maker: "module:function", the name of a function that takes `kwargs` and returns the function to call.
            **kwargs: Its arguments, JSON-serialisable.
        """
        self._maker = maker
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115  Closed at the end.
        self._child = subprocess.Popen(
            [*processes.module_command(__name__), maker, json.dumps(kwargs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=processes.module_environment(),
        )

    def __call__(self, *args: Any) -> Any:
        """Calls the function. Arguments and value are JSON-serialisable.

        Raises:
            RuntimeError: The child has ended. The message has the end of its output.
        """
        assert self._child.stdin and self._child.stdout
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(args), file=self._child.stdin, flush=True)
        line = self._child.stdout.readline()
        if not line:
            self._stderr.seek(0)
            raise RuntimeError(f"{self._maker} ended: {self._stderr.read()[-2000:]}")
        return json.loads(line)

    def __enter__(self) -> RemoteFunction:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the child."""
        self._child.kill()
        self._child.communicate()
        self._stderr.close()


def _serve(maker: str, kwargs: str) -> None:
    """Answers each line of arguments with a line that holds the value, until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Output that libraries print is not an answer.
    module, function = maker.split(":")
    call = getattr(importlib.import_module(module), function)(**json.loads(kwargs))
    for line in sys.stdin:
        print(json.dumps(call(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
