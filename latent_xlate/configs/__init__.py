"""One file per experiment: `get_config(mode)` gives its configuration, which `--config.…` flags override.

Each file has a constant `MODES`, the modes that its `get_config` takes.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from ml_collections import ConfigDict

from latent_xlate import checks

_FLAG = "--config="


def list_configs() -> list[str]:
    """Names of the configurations that ship, which `--config=NAME` and `load` take."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py") if path.stem != "base")


def load(name: str) -> ConfigDict:
    """Loads a configuration that ships.

    Args:
        name: NAME or NAME:MODE, such as "mnist_fashion_mnist:quick".

    Raises:
        ValueError: There is no such configuration or mode.
    """
    name, colon, mode = name.partition(":")
    module = importlib.import_module(f"{__name__}.{checks.known(name, list_configs(), 'configuration')}")
    return module.get_config(mode) if colon else module.get_config()


def with_path(argument: str) -> str:
    """Replaces the name of a configuration that ships by the path of its file.

    Args:
        argument: An argument of a command line.

    Returns:
        `--config=FILE:MODE` for `--config=NAME:MODE`; any other argument as it is.
    """
    name, colon, mode = argument.removeprefix(_FLAG).partition(":")
    if argument.startswith(_FLAG) and name in list_configs():
        return f"{_FLAG}{Path(__file__).parent / name}.py{colon}{mode}"
    return argument
