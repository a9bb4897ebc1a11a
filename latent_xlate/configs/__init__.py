"""One file per experiment: `get_config(mode)` gives its settings, which `--config.…` flags override."""

from pathlib import Path

_FLAG = "--config="


def with_path(argument: str) -> str:
    """Puts the file in the place of a shipped configuration's name.

    Args:
        argument: One of a command line.

    Returns:
        `--config=FILE:MODE` for `--config=NAME:MODE`; any other argument as it is.
    """
    name, colon, mode = argument.removeprefix(_FLAG).partition(":")
    path = Path(__file__).parent / f"{name}.py"
    if argument.startswith(_FLAG) and name.isidentifier() and path.is_file():
        return f"{_FLAG}{path}{colon}{mode}"
    return argument
