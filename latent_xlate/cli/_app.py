"""Common behaviour of all commands: help, errors as one sentence, and no log messages of TensorFlow.

The exit code of a command is 0, 1 after an error, and 130 after Ctrl-C. `--verbosity=1` shows the traceback of an
error.
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
"""Log messages of TensorFlow about missing GPUs and oneDNN, which it writes whatever the log level is."""

HELP = frozenset({"--help", "-help", "--helpshort", "--helpfull"})

FULL_DISK = "No space left on device"


def run(
    main: Callable[[list[str]], int | None],
    *,
    takes_arguments: bool = False,
    flags_parser: Callable[[list[str]], list[str]] = app.parse_flags_with_usage,
) -> None:
    """Parses the flags, calls `main` and exits with its exit code.

    A ValueError, an OSError or a full disk is reported as one sentence on stderr, and Ctrl-C as "Stopped.". `--help`
    shows the docstring and the flags of the module that defines `main`.

    Args:
        main: Function of the positional arguments, beginning with the command's name, to the exit code or None for 0.
        takes_arguments: Whether there may be positional arguments besides the command's name.
        flags_parser: Parses the flags in an argv and returns the positional arguments.
    """
    # absl's --help is about the script in `bin`, which only imports the module.
    sys.modules["__main__"].__doc__ = sys.modules[main.__module__].__doc__
    for flag in flags.FLAGS.get_key_flags_for_module(main.__module__):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)

    def checked_main(argv: list[str]) -> int | None:
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
            sys.exit(0)  # absl exits with 1 after --help.


def parse_flags_with_config(argv: list[str], default: str | None = None) -> list[str]:
    """Parses flags, among them --config, which accepts the name of a shipped configuration instead of a file.

    Args:
        argv: The command's name and its arguments.
        default: Configuration to use if none is given.

    Returns:
        The positional arguments, beginning with the command's name.

    Raises:
        ValueError: There is no such configuration, mode or field, or the value of a flag is invalid.
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
    except flags.Error as error:  # If the configuration's file has an error, the message contains its traceback.
        raise ValueError(str(error).strip().splitlines()[-1].removeprefix("ValueError: ")) from None
    except Exception:  # An error in the configuration's file, or an AttributeError for an unknown field.
        if not given:  # Of --list_configs, which reads every configuration that ships.
            raise
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
    """Names of all fields of a configuration, with dots for nested ones."""
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turns errors that a user can cause into one sentence on stderr and an exit code."""
    import tensorflow as tf

    try:
        yield
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        expected = isinstance(error, (ValueError, OSError, tf.errors.ResourceExhaustedError)) or FULL_DISK in str(error)
        if not expected:  # A bug, whose traceback helps.
            raise
        if flags.FLAGS.is_parsed() and flags.FLAGS.verbosity > 0:
            raise
        print(f"Error: {_sentence(error)}", file=sys.stderr)
        sys.exit(1)


def _stop() -> NoReturn:
    print("\nStopped.", file=sys.stderr)  # After a newline, since a progress bar may be open.
    sys.exit(130)


def _sentence(error: Exception) -> str:
    if FULL_DISK in str(error):  # Python, HDF5 and TensorFlow report it by different errors.
        return f"{FULL_DISK}. Free some, then run the same command again."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename is not None else f"{error.strerror}."
    return str(error)


def translator_or_client(translator: str | None, server: str | None) -> str | TranslatorClient:
    """Interprets the flags `--translator` and `--server`, of which exactly one must be given.

    Args:
        translator: Folder of a translator, or None.
        server: Address of a server, or None.

    Returns:
        The folder, or a client of the server.

    Raises:
        ValueError: Both or neither is given, the extra `serving` is not installed, or the address is malformed.
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
    """Imports TensorFlow without `CHATTER`, and with C++ log level 2 unless TF_CPP_MIN_LOG_LEVEL is set."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _without_chatter():
            import tensorflow as tf

            tf.get_logger().setLevel("WARNING")
            # Looks for GPUs here, since that causes the last of the messages.
            tf.config.list_physical_devices()
    except KeyboardInterrupt:  # The import takes seconds.
        _stop()


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Holds back everything written to stderr, also by C++, and then writes all lines except `CHATTER`."""
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
