"""Import of TensorFlow without the messages that say nothing to a user."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

CHATTER = (
    b"All log messages before absl::InitializeLog()",
    b"Could not find cuda drivers on your machine",
    b"failed call to cuInit",
    b"oneDNN custom operations are on",
)
"""Log messages of TensorFlow about missing GPUs and oneDNN, which it writes whatever the log level is."""


def import_quietly() -> None:
    """Imports TensorFlow without `CHATTER`, and with C++ log level 2 unless TF_CPP_MIN_LOG_LEVEL is set."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with without_chatter():
        import tensorflow as tf

        tf.get_logger().setLevel("WARNING")
        # Looks for GPUs here, since that causes the last of the messages.
        tf.config.list_physical_devices()


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
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
            with contextlib.suppress(OSError):  # Where stderr is full or closed, the command may still do its work.
                os.write(2, b"".join(line for line in held if not any(words in line for words in CHATTER)))
