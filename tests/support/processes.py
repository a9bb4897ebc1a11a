"""Processes of their own, as a user starts them."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from pathlib import Path

WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}
"""Environment of a cluster's workers on one machine: NCCL has a card in one process only."""


def free_ports(count: int = 2) -> list[int]:
    """Ports of this machine that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """Waits for a process to end: its exit code, and what it printed."""
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def peak_memory() -> int:
    """Most bytes that this process has filled. `getrusage` begins with those of the process that started it."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text()).group(1))
