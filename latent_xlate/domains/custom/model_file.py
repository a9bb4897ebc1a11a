"""A network in a file of another framework, as a function of arrays."""

from __future__ import annotations

import abc
import contextlib
import importlib.util
import io
import logging
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences what other frameworks print and log while they read and convert networks."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


class ModelFile(abc.ABC):
    """A network that a file holds. Calling it with an array, float32 [batch, ...], gives its output or outputs.

    Attributes:
        path: The file.
        batch_size: The only number of instances that it takes; None for any.
        input_shape: Shape of one instance of its input, with None for unknown sizes; None if unknown.
        output_names: Of its outputs, in order; empty if they have no names.
    """

    extra: ClassVar[str]
    """The extra that brings what reads it."""

    packages: ClassVar[tuple[str, ...]]
    """The packages of that extra that it needs."""

    batch_size: int | None
    input_shape: tuple[int | None, ...] | None
    output_names: tuple[str, ...] = ()

    def __init__(self, path: Path):
        """Checks that the file and its framework are there; ValueError if not."""
        if not path.is_file():
            raise ValueError(f"There is no file {path}.")
        if missing := [name for name in self.packages if importlib.util.find_spec(name) is None]:
            raise ValueError(
                f"{path.name} needs {' and '.join(missing)}, of an extra: pip install 'latent_xlate[{self.extra}]'."
            )
        self.path = path

    @abc.abstractmethod
    def run(self, x: np.ndarray) -> list[Any]:
        """Returns the outputs, arrays [batch, ...], of `batch_size` instances, if there is one, else of any."""

    def copy(self, target: Path) -> None:
        """Writes the network to another file."""
        shutil.copyfile(self.path, target)

    def __call__(self, x: np.ndarray) -> Any:
        """Runs the network on any number of instances."""
        outputs = self.run(x) if self.batch_size in (None, len(x)) else self._in_parts(x, self.batch_size)
        return outputs[0] if len(outputs) == 1 else outputs

    def _in_parts(self, x: np.ndarray, size: int) -> list[np.ndarray]:
        padded = np.concatenate([x, np.zeros([-len(x) % size, *x.shape[1:]], x.dtype)])
        parts = [self.run(padded[start : start + size]) for start in range(0, max(len(padded), 1), size)]
        return [np.concatenate(pieces)[: len(x)] for pieces in zip(*parts, strict=True)]


def the_input(path: Path, inputs: Mapping[str, Any]) -> str:
    """The name of the one input of a network; ValueError if it takes another number."""
    if len(inputs) != 1:
        raise ValueError(f"{path} takes {len(inputs)} inputs ({', '.join(inputs) or 'none'}): export a network of one.")
    return next(iter(inputs))
