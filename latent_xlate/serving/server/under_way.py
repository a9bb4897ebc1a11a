"""The requests that are under way, which may end, or are cut off, when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import grpc

from latent_xlate.serving.server.limits import RequestError


class UnderWay:
    """The requests under way, by whatever interface they came.

    Attributes:
        is_stopping: Whether the server stops, so that no further request is taken.
    """

    def __init__(self) -> None:
        """Begins without requests."""
        self.is_stopping = False
        self._tasks: set[asyncio.Task] = set()
        self._cut_off: set[asyncio.Task] = set()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Registers the current task as the one that answers a request.

        Raises:
            RequestError: The server is stopping, or cuts off the request.
        """
        if self.is_stopping:
            raise _unavailable("The server is stopping: ask another one, or come again later.")
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._cut_off:  # The client has gone.
                raise
            raise _unavailable("The server stopped before the request was answered.") from None
        finally:
            self._tasks.discard(task)

    async def stop(self, seconds: float) -> int:
        """Takes no further request, waits for those under way, and after `seconds` cuts off the rest.

        Returns:
            The number of requests that were cut off.
        """
        self.is_stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        self._cut_off = set(self._tasks)
        for task in self._cut_off:
            task.cancel()
        return len(self._cut_off)


def _unavailable(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.UNAVAILABLE, message)
