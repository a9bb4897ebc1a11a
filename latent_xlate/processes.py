"""Calls of a function in processes of their own, side by side.

The training of a small network leaves most of a CPU idle: two of them side by side take little longer than one.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, BinaryIO, cast

from latent_xlate import interrupts, tensorflow_messages

_SECONDS_TO_LOOK = 0.2


def call_side_by_side(
    function: Callable[..., Any], arguments: Sequence[Sequence[Any]], names: Sequence[str]
) -> list[Any]:
    """Calls a function once for each tuple of arguments, each time in a new process with its share of the cores.

    As many processes as there are cores run at once, at most. Each shows its progress in a line of its own. Ctrl-C and
    SIGTERM reach them as one SIGTERM, and have their effect here when all have ended. None outlives this process.

    Args:
        function: A function of a module. Its arguments and its result can be pickled.
        arguments: Those of each call.
        names: How messages name each call.

    Returns:
        The results, in the order of the arguments.

    Raises:
        ChildProcessError: A process was killed.
        Exception: What the first call to fail raised. The others are ended by SIGTERM.
    """
    cores = os.cpu_count() or 1
    at_once = min(len(arguments), cores)
    results: list[Any] = [None] * len(arguments)
    waiting, running = list(enumerate(arguments)), list[_Call]()
    with interrupts.deferred() as interrupted:
        try:
            while (waiting or running) and not interrupted():
                while waiting and len(running) < at_once:
                    place, given = waiting.pop(0)
                    running.append(_Call(place, names[place], (max(1, cores // at_once), function, given)))
                ready = wait([call.answer.fileno() for call in running], _SECONDS_TO_LOOK)
                for call in [call for call in running if call.answer.fileno() in ready]:
                    running.remove(call)
                    results[call.place] = call.result()
            if interrupted():
                print("\nStopping when what is at work has been stored. Ctrl-C again stops at once.", file=sys.stderr)
        finally:
            for call in running:
                call.process.terminate()
            for call in running:
                call.close()
    return results


def module_command(name: str) -> list[str]:
    """The command that runs a module in another process, which imports nothing from the current folder."""
    return [sys.executable, "-P", "-m", name]


def module_environment() -> dict[str, str]:
    """The environment of such a process, which imports from where this one does."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(each or str(Path.cwd()) for each in sys.path)}


class _Call:
    """A call in a process.

    Attributes:
        place: Its number.
        name: How messages name it.
        process: The process. It ends when its stdin does.
        answer: Pipe that its result comes from.
    """

    def __init__(self, place: int, name: str, call: tuple[int, Callable[..., Any], Sequence[Any]]) -> None:
        lines = {"TQDM_POSITION": str(place)} if sys.stderr.isatty() else {}
        self.place, self.name = place, name
        self.process = subprocess.Popen(
            module_command(__name__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=module_environment() | lines,
            process_group=0,  # So that Ctrl-C does not reach it directly.
        )
        self.answer = cast(BinaryIO, self.process.stdout)
        with contextlib.suppress(BrokenPipeError):  # `result` says that it has ended.
            assert self.process.stdin
            pickle.dump(call, self.process.stdin)
            self.process.stdin.flush()

    def result(self) -> Any:
        """Returns or raises what the call does."""
        try:
            result, error = pickle.load(self.answer)
        except EOFError:
            code = self.process.wait()
            why = "was killed, perhaps because memory ran out" if code == -signal.SIGKILL else f"ended with {code}"
            result, error = None, ChildProcessError(f"The process of {self.name} {why}. Run the same command again.")
        self.close()
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Waits for the end of the process, which may have a checkpoint to write."""
        self.process.wait()
        for pipe in (self.process.stdin, self.answer):
            with contextlib.suppress(BrokenPipeError):
                cast(BinaryIO, pipe).close()


def _main() -> None:
    """Answers the call that comes from stdin with (result, None) or (None, exception)."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # What libraries print is no answer.
    tensorflow_messages.import_quietly()
    import tensorflow as tf

    threads, function, arguments = pickle.load(sys.stdin.buffer)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    outcome: tuple[Any, Exception | None]
    try:
        outcome = function(*arguments), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        outcome = None, error
    pickle.dump(outcome, answer)
    answer.close()


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # Returns when the parent, of which nothing more comes, has ended.
    os._exit(1)


if __name__ == "__main__":
    _main()
