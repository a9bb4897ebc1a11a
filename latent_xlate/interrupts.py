"""Ctrl-C and SIGTERM that wait until work is safe, and are not lost."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator

_AGAIN_AFTER = 0.05
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
def never_lost() -> Iterator[None]:
    """Sends SIGINT again if its KeyboardInterrupt was raised where Python prints and drops exceptions.

    These are finalizers and other callbacks of the interpreter. TensorFlow frees every graph in one.
    """
    before = sys.unraisablehook

    def send_again(dropped: sys.UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            before(dropped)
            return
        # Not from here, where an exception would be dropped too.
        timer = threading.Timer(_AGAIN_AFTER, signal.raise_signal, [signal.SIGINT])
        timer.daemon = True
        timer.start()

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
