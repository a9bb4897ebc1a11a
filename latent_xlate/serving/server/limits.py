"""Limits of the server, and the errors of requests."""

from __future__ import annotations

import dataclasses

import grpc

HTTP_STATUS = {  # By the code of gRPC.
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
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
        body_seconds: Time in which the body of a REST request must arrive.
        grace_seconds: Time in which running requests must end when the server is stopped.
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
    """A request that is rejected or failed, with a message of one sentence for its sender."""

    def __init__(self, code: grpc.StatusCode, message: str):
        """Takes a code of gRPC, which must be a key of `HTTP_STATUS`, and the message."""
        super().__init__(message)
        self.code = code


def invalid(message: str) -> RequestError:
    """The error for an invalid request."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)
