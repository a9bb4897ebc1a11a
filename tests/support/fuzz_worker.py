"""A process that damages inputs and asks with them, so that it may end without the tests.

An input is a kind and a seed; those of -1, -2, ... are the samples themselves.
`python -m tests.support.fuzz_worker KIND SEED` repeats one, with its trace.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import sys
import tempfile
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

SECONDS = 120
"""Longest time for an input. Far more than any takes, since other tests may run."""

START_SECONDS = 600
"""Longest time for a new process's first input of a kind, which imports TensorFlow and makes models."""

MEMORY = 24 * 2**30
"""Bytes of address space of the process."""

ACCEPTED, REFUSED = "accepted", "refused"


def damaged(kind, name: str, seed: int) -> tuple[int, bytes]:
    """The number of a sample, and what has become of it; nothing for a seed below 0, which stands for a sample."""
    if seed < 0:
        return ~seed, kind.samples[~seed]
    from tests.support.mutations import mutated

    rng = random.Random(f"{name} {seed}")
    number = rng.randrange(len(kind.samples))
    return number, mutated(kind.samples[number], rng.choice(kind.samples), rng)


def outcome(kind, name: str, seed: int) -> str:
    """What comes of an input: ACCEPTED, REFUSED, or what is wrong."""
    import numpy as np
    import tensorflow as tf

    from latent_xlate.checks import sentence

    number, content = damaged(kind, name, seed)
    try:
        answer = kind.ask(number, content)
    except kind.refused as error:
        said = sentence(error) if isinstance(error, tf.errors.OpError) else str(error)
        return (
            REFUSED
            if said.strip() and "Traceback" not in said and "\n" not in said.strip()
            else f"no sentence: {said!r}"
        )
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "latent_xlate" in frame.filename]
        return f"trace: {type(error).__name__}: {str(error)[:300]!r} at {' '.join(where[-2:])}"
    arrays = [] if answer is None else answer if isinstance(answer, list) else [answer]
    finite = all(np.isfinite(np.asarray(array, np.float64)).all() for array in arrays)
    return ACCEPTED if finite else "not finite"


def work(inputs: Connection, folder: str) -> None:
    """Answers each (kind, seed) with its outcome, until None comes."""
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    log = os.open(Path(folder) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from tests.support import fuzz_kinds

    made = {}
    try:
        while asked := inputs.recv():
            name, seed = asked
            if name not in made:
                (Path(folder) / name).mkdir(exist_ok=True)
                fuzz_kinds.change_to(Path(folder) / name)
                try:
                    made[name] = fuzz_kinds.KINDS[name]()
                except Exception:
                    traceback.print_exc()
                    inputs.send(f"not made: {traceback.format_exc(limit=-1)}")
                    continue
            fuzz_kinds.change_to(Path(folder) / name)
            inputs.send(outcome(made[name], name, seed))
    finally:
        fuzz_kinds.close()


class Worker:
    """The process, which is started again after a crash or a hang."""

    def __init__(self, folder: Path):
        """Takes a folder to write in."""
        self.folder = folder
        self.process: multiprocessing.process.BaseProcess | None = None
        self.known: set[str] = set()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        folder = tempfile.mkdtemp(dir=self.folder)
        self.process = context.Process(target=work, args=(theirs, folder), daemon=False)
        self.process.start()
        theirs.close()
        self.known = set()

    def ask(self, name: str, seed: int) -> str:
        """The outcome of an input."""
        if self.process is None:
            self._start()
        seconds = SECONDS if name in self.known else START_SECONDS
        try:
            self.connection.send((name, seed))
            if not self.connection.poll(seconds):
                self._end()
                return f"hang: more than {seconds} s"
            said = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(60)
            code = self.process.exitcode
            self._end()
            return f"crash: exit code {code}"
        self.known.add(name)
        return said

    def _end(self) -> None:
        self.process.kill()
        self.process.join()
        self.process = None

    def close(self) -> None:
        """Ends the process."""
        if self.process is not None:
            self.connection.send(None)
            self.process.join(60)
            self._end()


def outcomes(folder: Path, counts: dict[str, int], first_seed: int = 0) -> Iterator[tuple[str, int, str]]:
    """Asks with the last sample and so many damaged inputs of each kind: kind, seed and outcome of each."""
    worker = Worker(folder)
    try:
        for name, count in counts.items():
            for seed in (-1, *range(first_seed, first_seed + count)):
                said = worker.ask(name, seed)
                yield name, seed, said
                if seed < 0 and said != ACCEPTED:  # Then nothing is to be learnt from damaged ones.
                    break
    finally:
        worker.close()


if __name__ == "__main__":
    from tests.support import fuzz_kinds

    kind_name, number = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        fuzz_kinds.change_to(temporary)
        made_kind = fuzz_kinds.KINDS[kind_name]()
        sample, content = damaged(made_kind, kind_name, number)
        Path("/tmp/fuzzed_input").write_bytes(content)
        print(f"sample {sample}, {len(content)} bytes, in /tmp/fuzzed_input: {content[:200]!r}", flush=True)
        try:
            print(made_kind.ask(sample, content))
        finally:
            fuzz_kinds.close()
