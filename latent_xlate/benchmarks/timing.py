"""Timing of contenders in turn, of matrix products, and of work with pauses.

The module imports no framework, so that a child process of any framework can use it.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Product = tuple[int, int, int]
"""(m, k, n) of a matrix product [m, k] x [k, n]."""

MakeCandidates = Callable[[np.ndarray, np.ndarray], Iterable[Callable[[], Any]]]
"""Takes matrices a and b, float32, and returns functions that compute a x b."""


def product_timer(make_candidates: MakeCandidates, repeats: int = 20) -> Callable[[Sequence[Product]], list[float]]:
    """Returns a function that measures the shortest time, in seconds, of each of several products.

    Args:
        make_candidates: Makes the functions that compute a product; the fastest counts.
        repeats: Number of runs of each, of about a millisecond or more; the shortest counts.
    """

    def time_product(m: int, k: int, n: int) -> float:
        generator = np.random.default_rng(0)
        a, b = (generator.standard_normal(shape, dtype=np.float32) for shape in ((m, k), (k, n)))
        inner = int(np.clip(2e8 / (2 * math.prod((m, k, n))), 1, 50))
        best = np.inf
        for multiply in make_candidates(a, b):
            multiply()
            for _ in range(repeats):
                start = time.perf_counter()
                for _ in range(inner):
                    multiply()
                best = min(best, (time.perf_counter() - start) / inner)
        return best

    return lambda products: [time_product(*product) for product in products]


def steps_per_second(contenders: Mapping[str, Callable[[int], Any]], steps: int, rounds: int) -> dict[str, float]:
    """Times contenders in turn, so that a slow spell of the machine affects all of them.

    Args:
        contenders: By name, a function that runs a given number of steps.
        steps: Number of steps of a round.
        rounds: Number of rounds; the best of each contender counts.

    Returns:
        Steps a second, by name.
    """
    best = dict.fromkeys(contenders, np.inf)
    for run in contenders.values():
        run(steps)
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run(steps)
            best[name] = min(best[name], time.perf_counter() - start)
    return {name: steps / seconds for name, seconds in best.items()}


class Stopwatch:
    """Measures the seconds since it was made, without those of pauses.

    Example:
        watch = Stopwatch()
        train()
        with watch.paused():
            evaluate()
        print(watch.seconds)
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        """Starts the watch. `clock` returns seconds."""
        self._clock = clock
        self._start = clock()

    @property
    def seconds(self) -> float:
        """Seconds so far, without pauses."""
        return self._clock() - self._start

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Returns a context whose time does not count."""
        begin = self._clock()
        try:
            yield
        finally:
            self._start += self._clock() - begin
