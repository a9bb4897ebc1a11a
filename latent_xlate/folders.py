"""What lies in a person's folder: data among what operating systems leave there, and among what is no file at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LITTER = frozenset(
    {
        "$recycle.bin",
        "@eadir",
        "__macosx",
        "desktop.ini",
        "ehthumbs.db",
        "icon\r",
        "lost+found",
        "system volume information",
        "thumbs.db",
    }
)
"""Names, in lower case, of files and folders that operating systems leave beside a person's files."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def content(folder: str | os.PathLike) -> list[Path]:
    """Lists the files and folders in a folder by name, without hidden ones and LITTER.

    Raises:
        OSError: The folder cannot be listed.
    """
    paths = sorted(Path(folder).iterdir())
    return [path for path in paths if not path.name.startswith(".") and path.name.lower() not in LITTER]


def check_file(path: str | os.PathLike) -> None:
    """Checks that a path is a file, or a link to one, before it is opened: to open a pipe may take forever.

    Raises:
        OSError: There is nothing, or a link to nothing or to itself.
        ValueError: There is something else; the message says what, without the path.
    """
    mode = Path(path).stat().st_mode
    if not stat.S_ISREG(mode):
        raise ValueError(f"it is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")


def fault(error: OSError | ValueError) -> str:
    """Returns what an error of `check_file`, or of opening a file, says of it, without the path."""
    return getattr(error, "strerror", None) or str(error)


def is_file(path: str | os.PathLike) -> bool:
    """Whether `check_file` passes, which is False also of a name that is too long or may not be looked up."""
    try:
        check_file(path)
    except (OSError, ValueError):
        return False
    return True
