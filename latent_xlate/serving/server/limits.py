"""Limits of the server, and the errors of requests."""

from __future__ import annotations

import dataclasses

import grpc

HTTP_STATUS = {  # By the code of gRPC, as in TensorFlow Serving.
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.INTERNAL: 500,
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of requests and of the memory that they use.

    Attributes:
        max_body_bytes: Size of a request.
        max_items: Number of rows in a request.
        max_batch_size: Number of rows in a batch; a request with more is a batch of its own.
        max_queued_items: Number of rows that wait or are being computed; beyond it, requests are rejected as
            "overloaded".
        max_queued_bytes: Size of their inputs, with the same effect.
        max_connections: Number of connections of REST, and of concurrent requests of gRPC.
        max_connections_per_address: Number of connections of REST from one IP address; 0 for no limit.
        max_header_bytes: Size of the header of a REST request.
        header_seconds: Time in which the header of a REST request must arrive, from the connection or the last
            answer, and in which a connection of gRPC must be set up.
        body_seconds: Time in which the body of a REST request must arrive.
        grace_seconds: Time in which running requests must end when the server is stopped.
    """

    max_body_bytes: int = 16 * 2**20
    max_items: int = 1024
    max_batch_size: int = 64
    max_queued_items: int = 8192
    max_queued_bytes: int = 512 * 2**20
    max_connections: int = 1024
    max_connections_per_address: int = 256
    max_header_bytes: int = 64 * 2**10
    header_seconds: float = 30.0
    body_seconds: float = 30.0
    grace_seconds: float = 20.0


MAX_MESSAGE = 380
"""Largest number of characters in the message of an error, which may quote what the request says."""


class RequestError(Exception):
    """A request that is rejected or failed, with a message of one sentence for its sender."""

    def __init__(self, code: grpc.StatusCode, message: str):
        """Takes a code of gRPC, which must be a key of `HTTP_STATUS`, and the message, which is cut if it is long."""
        super().__init__(message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}...")
        self.code = code


def invalid(message: str) -> RequestError:
    """The error for an invalid request."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)
