"""What every command shares: its manual, errors as one sentence, and no chatter from TensorFlow.

A command ends with exit code 0, with 1 after an error, and with 130 when it is stopped by Ctrl-C.
`--verbosity=1` shows where an error came from.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from absl import app, flags, logging
from ml_collections import ConfigDict

from latent_xlate import checks, configs

if TYPE_CHECKING:  # It needs the extra `serving`.
    from latent_xlate.serving.client import TranslatorClient

CHATTER = (
    b"All log messages before absl::InitializeLog()",
    b"Could not find cuda drivers on your machine",
    b"failed call to cuInit",
    b"oneDNN custom operations are on",
)
"""What TensorFlow says of a machine without a GPU, or with oneDNN, whatever its log level."""

HELP = frozenset({"--help", "-help", "--helpshort", "--helpfull"})

FULL_DISK = "No space left on device"


def run(
    main: Callable[[list[str]], int | None],
    *,
    takes_arguments: bool = False,
    flags_parser: Callable[[list[str]], list[str]] = app.parse_flags_with_usage,
) -> None:
    """Parses the flags, calls `main` and exits with its exit code.

    A ValueError, an OSError or a full disk becomes one sentence on stderr, Ctrl-C "Stopped.". `--help`
    shows the manual, the docstring of the module that defines `main`, and that module's flags.

    Args:
        main: Takes the arguments that are no flags, the command's name first; returns the exit code,
            None for 0.
        takes_arguments: Whether there may be such arguments.
        flags_parser: Parses the flags of an argv and returns those arguments.
    """
    # absl shows the docstring and the flags of the script, which only imports the module.
    sys.modules["__main__"].__doc__ = sys.modules[main.__module__].__doc__
    for flag in flags.FLAGS.get_key_flags_for_module(main.__module__):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)

    def checked_main(argv):
        if not flags.FLAGS["verbosity"].present:
            logging.set_verbosity(logging.WARNING)
        if len(argv) > 1 and not takes_arguments:
            raise ValueError(f"{argv[1]!r} is no flag: flags are written --name=value, and --help lists them.")
        return main(argv)

    with plain_errors():
        try:
            app.run(checked_main, flags_parser=flags_parser)
        except SystemExit:
            if HELP.isdisjoint(sys.argv):
                raise
            sys.exit(0)  # To show the manual absl exits with 1.


def parse_flags_with_config(argv: list[str], default: str | None = None) -> list[str]:
    """Parses flags, among them --config, where a shipped configuration's name stands for its file.

    Args:
        argv: The command's name, and its arguments.
        default: The configuration where none is given.

    Returns:
        The arguments that are no flags, the command's name first.

    Raises:
        ValueError: There is no such configuration, mode or field, or a flag's value does not fit.
    """
    if default and not any(argument.startswith("--config=") for argument in argv):
        argv = [argv[0], f"--config={default}", *argv[1:]]
    argv = [configs.with_path(argument) for argument in argv]
    given = [argument.removeprefix("--config=") for argument in argv if argument.startswith("--config=")]
    for name in given:
        if not Path(path := name.partition(":")[0]).is_file():
            if os.sep in path:
                raise ValueError(f"There is no file {path} of a configuration.")
            shipped = {file.stem for file in Path(configs.__file__).parent.glob("[!_]*.py")} - {"base"}
            checks.known(path, shipped, "configuration")
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:  # Of an error in the configuration's file it may hold the whole trace.
        raise ValueError(str(error).strip().splitlines()[-1].removeprefix("ValueError: ")) from None
    except Exception:  # Of the configuration's file, or ml_collections' AttributeError for a field that is not there.
        try:
            fields = list(_fields(flags.FLAGS["config"].parser.parse(given[-1])))
        except Exception as error:
            raise ValueError(f"{given[-1]} is not a configuration ({type(error).__name__}: {error}).") from None
        for argument in argv:
            if argument.startswith("--config."):
                field = argument.removeprefix("--config.").partition("=")[0]
                checks.known(field, fields, "field of the configuration")
        raise


def _fields(config: Any, prefix: str = "") -> Iterator[str]:
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turns what a user can cause into one sentence on stderr and an exit code."""
    import tensorflow as tf

    try:
        yield
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        users = isinstance(error, (ValueError, OSError, tf.errors.ResourceExhaustedError)) or FULL_DISK in str(error)
        if not users:  # A bug, whose trace helps.
            raise
        if flags.FLAGS.is_parsed() and flags.FLAGS.verbosity > 0:
            raise
        print(f"Error: {_sentence(error)}", file=sys.stderr)
        sys.exit(1)


def _stop() -> NoReturn:
    print("\nStopped.", file=sys.stderr)  # On a line of its own: that of a progress bar may still be open.
    sys.exit(130)


def _sentence(error: Exception) -> str:
    if FULL_DISK in str(error):  # Python, HDF5 and TensorFlow each wrap it in words and errors of their own.
        return f"{FULL_DISK}. Free some, then run the same command again."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename is not None else f"{error.strerror}."
    return str(error)


def translator_or_client(translator: str | None, server: str | None) -> str | TranslatorClient:
    """The folder that `--translator` names, or a client of the server that `--server` names.

    Raises:
        ValueError: Both or neither is given, the extra that a client needs is not installed, or no address.
    """
    if translator is not None and server is None:
        return translator
    if translator is not None or server is None:
        raise ValueError("Give either --translator or --server.")
    if importlib.util.find_spec("tensorflow_serving") is None:
        raise ValueError("Asking a server needs an extra: pip install 'latent_xlate[serving]'.")
    from latent_xlate.serving.client import TranslatorClient

    return TranslatorClient(server)


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow with its C++ log at level 2, unless TF_CPP_MIN_LOG_LEVEL is set, and without `CHATTER`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _without_chatter():
            import tensorflow as tf

            tf.get_logger().setLevel("WARNING")
            # Looking for a GPU is what the last of the chatter is about.
            tf.config.list_physical_devices()
    except KeyboardInterrupt:  # It takes seconds.
        _stop()


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Holds back what is written to stderr, by C++ too, and afterwards passes on all but `CHATTER`."""
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not any(words in line for words in CHATTER)))
