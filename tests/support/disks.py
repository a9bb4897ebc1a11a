"""Disks of a few MB, and what fills them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = 4096


@contextlib.contextmanager
def small(folder: Path, megabytes: int = 64) -> Iterator[Path]:
    """A disk in memory, mounted at a folder; the test is skipped where this process may not mount."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("Only root may mount the small disk that this test fills.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def leave(disk: Path, size: int) -> None:
    """Fills a disk but for a number of bytes, rounded down to pages."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    fill = shutil.disk_usage(disk).free - size // PAGE * PAGE
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, fill)


def make_read_only(disk: Path, read_only: bool) -> None:
    subprocess.run(["mount", "-o", f"remount,{'ro' if read_only else 'rw'}", str(disk)], check=True)
