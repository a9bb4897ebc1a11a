"""What lies in people's folders beside their files."""

import os
import socket
from pathlib import Path

LITTER = (".DS_Store", "._a.png", "Thumbs.db", "desktop.ini", ".hidden.png")
"""Files that operating systems leave. `__MACOSX` is a folder, and `add_litter` makes it."""


def add_litter(folder: Path) -> None:
    for name in LITTER:
        (folder / name).write_bytes(b"\0litter")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._a.png").write_bytes(b"\0litter")


def add_oddities(folder: Path, ending: str) -> dict[str, str]:
    """Adds what is named as files are, but is none.

    Returns:
        The names, with a pattern of what is said of each.
    """
    os.mkfifo(folder / f"pipe{ending}")
    (folder / f"loop{ending}").symlink_to(f"loop{ending}")
    (folder / f"gone{ending}").symlink_to("nowhere")
    (folder / f"device{ending}").symlink_to("/dev/zero")
    here = Path.cwd()
    os.chdir(folder)  # A socket's path may have 107 bytes.
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"socket{ending}")
    os.chdir(here)
    said = {"pipe": "named pipe", "loop": "Too many levels", "gone": "No such file", "device": "device"}
    return {name + ending: reason for name, reason in (said | {"socket": "socket"}).items()}
