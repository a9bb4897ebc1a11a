"""Processes of their own, as a user starts them."""

from __future__ import annotations

import contextlib
import socket
import subprocess


def free_ports(count: int = 2) -> list[int]:
    """Ports of this machine that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """Waits for a process to end: its exit code, and what it printed."""
    output, _ = process.communicate(timeout=300)
    return process.returncode, output
