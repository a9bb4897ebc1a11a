"""Ctrl-C and SIGTERM that wait until work is safe, and are not lost."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator

_AGAIN_AFTER = 3.0
"""Seconds after which a signal is sent again."""

Interrupted = Callable[[], bool]
"""Whether a signal has arrived."""


@contextlib.contextmanager
def deferred(enabled: bool = True) -> Iterator[Interrupted]:
    """Defers SIGINT and SIGTERM to the end of a block, which asks whether one has arrived and then ends.

    The signal then takes its usual effect: KeyboardInterrupt, or SystemExit with the code 143. A second signal does so
    at once. Outside the main thread, which alone receives signals, nothing is deferred.

    Args:
        enabled: Whether to defer them.
    """
    received: list[int] = []
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def note(number: int, frame: object) -> None:
        received.append(number)
        if len(received) > 1:
            _end(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        _end(received[0])


@contextlib.contextmanager
def insistent() -> Iterator[None]:
    """Raises KeyboardInterrupt again until a block is left, if SIGINT has arrived in it.

    A single one can be lost: Python drops exceptions of finalizers, in which TensorFlow frees graphs, and Keras tries
    much with an `except:`. Nothing changes where SIGINT is ignored or has a handler already.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    timers: list[threading.Timer] = []

    def interrupt(number: int, frame: object) -> None:
        timers.append(threading.Timer(_AGAIN_AFTER, signal.raise_signal, [number]))
        timers[-1].daemon = True
        timers[-1].start()
        raise KeyboardInterrupt

    hook = sys.unraisablehook
    sys.unraisablehook = lambda dropped: None if dropped.exc_type is KeyboardInterrupt else hook(dropped)
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for timer in timers:
            timer.cancel()
        sys.unraisablehook = hook


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
