"""What the server takes at most, and how a request is told that it is refused."""

from __future__ import annotations

import dataclasses

import grpc

HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.INTERNAL: 500,
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """Of requests and of the memory that they may fill.

    Attributes:
        max_body_bytes: Of a request.
        max_items: Rows of a request.
        max_batch_size: Rows that go through the graph at once; a larger request goes by itself.
        max_queued_items: Rows that wait or are computed; beyond it requests are told to come again.
        max_queued_bytes: Likewise, of their inputs.
        max_connections: Of REST; of gRPC, requests at once.
        body_seconds: In which a request must have arrived.
        grace_seconds: For the requests under way when the server is told to stop.
    """

    max_body_bytes: int = 16 * 2**20
    max_items: int = 1024
    max_batch_size: int = 64
    max_queued_items: int = 8192
    max_queued_bytes: int = 512 * 2**20
    max_connections: int = 1024
    body_seconds: float = 30.0
    grace_seconds: float = 30.0


class RequestError(Exception):
    """A request that is refused, or failed, with one sentence for its sender."""

    def __init__(self, code: grpc.StatusCode, message: str):
        """Takes gRPC's code, a key of `HTTP_STATUS`, and the sentence."""
        super().__init__(message)
        self.code = code


def invalid(message: str) -> RequestError:
    """The error of a request that is wrong in itself."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)
