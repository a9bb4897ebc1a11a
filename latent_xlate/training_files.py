"""What a training keeps in its work directory beside its configuration: checkpoints and TensorBoard's events."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import tensorflow as tf

from latent_xlate import checks, distribution, files

CHECKPOINTS = "checkpoints"
"""Folder of the checkpoints in a work directory."""

EVENTS = "events"
"""Folder of TensorBoard's events in a work directory."""

_KEPT = 2
"""Number of the latest checkpoints that are kept."""


class Events:
    """TensorBoard's events of a run."""

    def __init__(self, folder: Path | None):
        """Makes a file of events in a folder; without one nothing is written."""
        self._folder = folder or Path()
        with self._errors():
            self._writer = tf.summary.create_file_writer(str(folder)) if folder else tf.summary.create_noop_writer()

    def write(self, step: int, logs: Mapping[str, float]) -> None:
        """Writes metrics, of which some may stay in memory until `flush`."""
        with self._errors(), self._writer.as_default(step=step):
            for name, value in logs.items():
                tf.summary.scalar(name, value)

    def flush(self) -> None:
        """Writes to the disk what is still in memory."""
        with self._errors():
            self._writer.flush()

    def close(self) -> None:
        """Flushes, and frees what writing needs."""
        with self._errors():
            self._writer.close()

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return files.naming(self._folder)


def checkpoint_manager(
    checkpoint: tf.train.Checkpoint, workdir: Path, strategy: tf.distribute.Strategy
) -> tf.train.CheckpointManager:
    """Makes the manager of a run's checkpoints, the latest of which it restores."""
    # Every worker has to take part in saving, but only the chief's files are kept.
    folder = workdir / CHECKPOINTS
    own = (
        folder
        if distribution.is_chief(strategy)
        else workdir / f"{CHECKPOINTS}_worker_{strategy.cluster_resolver.task_id}"
    )
    try:
        with files.naming(own):
            manager = tf.train.CheckpointManager(checkpoint, str(own), max_to_keep=_KEPT)
        latest = tf.train.latest_checkpoint(str(folder))
    except ValueError as error:  # The file that lists the checkpoints is no text.
        raise ValueError(
            f"{folder / 'checkpoint'} is damaged ({checks.reason(error)}). Delete {folder} to start anew."
        ) from None
    if latest is None and (folder / "checkpoint").exists():
        raise ValueError(f"{folder} has lost files of its last checkpoint. Delete {folder} to start anew.")
    if latest:
        try:
            checkpoint.restore(latest).assert_existing_objects_matched()
        except (AssertionError, IndexError, ValueError, tf.errors.OpError) as error:
            raise ValueError(
                f"Checkpoint {latest} cannot be restored ({checks.reason(error)}): it is damaged or of another model. "
                f"Delete {folder} to start anew."
            ) from None
        print(f"Resuming from {latest}", file=sys.stderr)
    if distribution.is_chief(strategy):
        # A run that is killed while it removes the oldest checkpoint has listed it beside those to keep.
        _remove_leftovers(folder, {Path(each).name for each in manager.checkpoints[-_KEPT:]})
    return manager


def save_checkpoint(manager: tf.train.CheckpointManager, events: Events, step: int) -> None:
    """Writes a checkpoint, unless the last one is of the same step.

    Raises:
        OSError: The disk is full, read-only or broken. Nothing has been written then.
    """
    if (manager.latest_checkpoint or "").endswith(f"-{step}"):
        return
    events.flush()  # What is logged before a checkpoint is not logged again.
    try:
        with files.naming(manager.directory):
            manager.save(step)
    except Exception:
        _remove_leftovers(Path(manager.directory))
        raise


def _remove_leftovers(folder: Path, kept: Collection[str] = ()) -> None:
    """Removes what a killed or failed run left.

    Args:
        folder: Folder of checkpoints.
        kept: Names of the checkpoints that stay, beside those that the run was about to remove or to note; none to
            remove only parts of a checkpoint.
    """
    for path in folder.glob("*"):
        name = path.name
        is_part = ".tempstate" in name or name.startswith("checkpoint.tmp") or re.fullmatch(r"ckpt-\d+_temp", name)
        if is_part or (kept and name.startswith("ckpt-") and name.partition(".")[0] not in kept):
            files.remove(path)
