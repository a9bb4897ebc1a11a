"""What the commands that work on whole data sets share: flags, those of Beam, and what they print in the end."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from absl import flags, logging

if TYPE_CHECKING:  # It needs the extra `beam`.
    from latent_xlate.bulk.pipeline import Summary

INPUT_FORMATS = ("auto", "files", "tfrecord", "parquet")

# The flags are those of the module that calls `define`.
flags.disclaim_key_flags()


def define() -> Callable[[], dict[str, Any]]:
    """Defines flags for the calling module, and returns a function that returns their values by name."""
    defined = [
        flags.DEFINE_string("input", None, "A file, a folder, a pattern, or tfds:<name>/<split>.", required=True),
        flags.DEFINE_string("output", None, "Folder for the results.", required=True),
        flags.DEFINE_enum("input_format", "auto", INPUT_FORMATS, "What the input is; auto goes by the ending."),
        flags.DEFINE_string(
            "feature",
            None,
            "Feature of records, or column, that holds files or arrays (default: data_bytes, x, image, image/encoded "
            "or audio).",
        ),
        flags.DEFINE_integer(
            "batch_size",
            None,
            "Largest number of instances computed at once (default: 1024, less for large ones).",
            lower_bound=1,
        ),
        flags.DEFINE_integer("part_size", 4096, "Largest number of instances of a shard.", lower_bound=1),
        flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own)."),
    ]
    return lambda: {flag.name: flag.value for flag in defined}


def parse(argv: list[str]) -> list[str]:
    """Parses the command's flags.

    Args:
        argv: The command's name and its arguments.

    Returns:
        The command's name and all arguments that are not its flags.

    Raises:
        ValueError: The value of a flag is invalid.
    """
    try:
        return flags.FLAGS(argv, known_only=True)
    except flags.Error as error:
        raise ValueError(f"{error}.") from None


def check_extra() -> None:
    """Raises ValueError if Beam is not installed; else keeps its warnings, which tell a user nothing, from the log."""
    if importlib.util.find_spec("apache_beam") is None:
        raise ValueError("Bulk work needs an extra: pip install 'latent_xlate[beam]'.")
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.ERROR)


def report(done: str, summary: Summary, output: str) -> None:
    """Prints the counters of a job.

    Args:
        done: What was done, "Translated" say.
        summary: What has become of the instances.
        output: Folder of the results.

    Raises:
        ValueError: There were instances, and none of them has a result.
    """
    earlier = f" {summary.done_before} others were done before." if summary.done_before else ""
    print(
        f"{done} {summary.written} of {summary.read} instances into {output} in {summary.seconds:.1f} s, "
        f"{summary.rate:.0f} a second.{earlier}"
    )
    if summary.rejected:
        print(f"Rejected {summary.rejected}: see {output}/rejected.csv for the reasons.", file=sys.stderr)
    if summary.rejected and not summary.written and not summary.done_before:
        raise ValueError(f"Nothing could be used: see {output}/rejected.csv for the reasons.")
