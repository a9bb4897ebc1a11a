"""Common behaviour of all commands: help, errors as one sentence, and no log messages of TensorFlow.

The exit code of a command is 0, 1 after an error, 130 after Ctrl-C, and 141 where nobody reads any more what it prints
(`COMMAND | head -1`), as if SIGPIPE had ended it. `--verbosity=1` shows the traceback of an error.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from absl import app, flags, logging
from ml_collections import ConfigDict

from latent_xlate import checks, configs, files, interrupts, tensorflow_messages

if TYPE_CHECKING:  # It needs the extra `serving`.
    from latent_xlate.serving.client import TranslatorClient

HELP = frozenset({"--help", "-help", "--helpshort", "--helpfull"})


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
        status = main(argv)
        with files.naming("Standard output"):
            sys.stdout.flush()
        return status

    with plain_errors(), interrupts.insistent():
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
        if _is_unread(error):
            _drop_output()
            sys.exit(141)
        expected = (ValueError, OSError, tf.errors.ResourceExhaustedError)
        if not isinstance(error, expected) and files.disk_error(error) is None:  # A bug, whose traceback helps.
            raise
        if flags.FLAGS.is_parsed() and flags.FLAGS.verbosity > 0:
            raise
        with contextlib.suppress(OSError):  # Nothing can be said where stderr is full, or closed.
            print(f"Error: {_sentence(error)}", file=sys.stderr, flush=True)
        _drop_output()
        sys.exit(1)


def _is_unread(error: Exception) -> bool:
    """Whether an error says that the reader of stdout or stderr has gone; a socket's is raised as another error."""
    return isinstance(error, BrokenPipeError) and any(_is_broken(stream) for stream in (sys.stdout, sys.stderr))


def _is_broken(stream: TextIO) -> bool:
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):  # It is no file, or closed.
        return False


def _drop_output() -> None:
    """Drops output that could not be written: Python would try again as it ends, and print a traceback."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _stop() -> NoReturn:
    print("\nStopped.", file=sys.stderr)  # After a newline, since a progress bar may be open.
    sys.exit(130)


def _sentence(error: Exception) -> str:
    number = None if isinstance(error, ValueError) else files.disk_error(error)
    strerror = os.strerror(number) if number else getattr(error, "strerror", None)
    if not strerror:
        return str(error)
    filename = getattr(error, "filename", None)
    sentence = f"{filename}: {strerror}." if filename is not None else f"{strerror}."
    return f"{sentence} Free some space, then run the same command again." if number in files.FULL else sentence


def name_and_folder(flag: str, value: str) -> tuple[str, str]:
    """Splits a value NAME=FOLDER of the flag `--flag`; ValueError if it is none."""
    name, equals, folder = value.partition("=")
    if not (name and equals and folder):
        raise ValueError(f"--{flag}={value} is not NAME=FOLDER.")
    return name, folder


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
    """Imports TensorFlow without its messages about missing GPUs and oneDNN."""
    try:
        tensorflow_messages.import_quietly()
    except KeyboardInterrupt:  # The import takes seconds.
        _stop()
