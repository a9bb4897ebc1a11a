"""Checks of a user's input. Each error message names the problem and the way out."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

BAD_PICTURE = "The file is not a PNG, JPEG, GIF or BMP picture, or it is damaged: save it again as PNG."
"""What is said of a picture that the graph cannot decode; TensorFlow's decoders have no such words of their own."""

MOST_TEMPERATURE = 100.0
"""Highest temperature of samples. Those of far higher ones overflow, and these already have nothing of their input."""

_TRACE = ("Graph execution error", "Detected at", "File ", "<stack traces unavailable>")
_DECODER = re.compile(r"Invalid (PNG|JPEG|GIF)|jpeg::Uncompress|Unknown image file format|PNG size too large", re.I)


def known(name: str, names: Iterable[str], what: str) -> str:
    """Returns `name` if it is one of `names`.

    Args:
        name: The name that was given.
        names: The names that exist.
        what: The kind of thing named, for the message, for example "domain".

    Raises:
        ValueError: There is no such name; the message lists the names that exist and suggests a close one.
    """
    names = list(names)
    if name in names:
        return name
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"Unknown {what} {name!r}.{hint} Known: {', '.join(sorted(names)) or 'none'}.")


def wrong(what: str, value: object, needed: str) -> ValueError:
    """Returns the error for a value of a wrong type.

    Args:
        what: Name of the argument.
        value: What was given; the message shows its type alone if it is long.
        needed: What it must be, and where to get one.
    """
    shown = " ".join(repr(value).split())
    return ValueError(f"{what} is {shown if len(shown) <= 60 else f'a {type(value).__name__}'}; it must be {needed}.")


def instance(value: Any, kinds: type | tuple[type, ...], what: str, needed: str) -> Any:
    """Returns `value` if it is an instance of `kinds`; ValueError as `wrong` makes it otherwise."""
    if not isinstance(value, kinds):
        raise wrong(what, value, needed)
    return value


def path(value: str | os.PathLike, what: str, needed: str = "a folder") -> Path:
    """Returns a path that a user gave; ValueError as `wrong` makes it if it is no string and no path."""
    return Path(instance(value, (str, os.PathLike), what, f"{needed}, as a string or a Path"))


def sizes(value: Iterable[int], what: str) -> tuple[int, ...]:
    """Returns the shape of an array; ValueError as `wrong` makes it if it is no sequence of whole numbers above 0."""
    if isinstance(value, Iterable):
        value = tuple(value)
        if all(isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size > 0 for size in value):
            return tuple(map(int, value))
    raise wrong(what, value, "a tuple of whole numbers above 0, (28, 28, 1) say")


def at_least(value: float, minimum: float, what: str) -> float:
    """Returns `value`, or raises ValueError if it is less than `minimum`, NaN or infinite."""
    if not (np.isfinite(value) and value >= minimum):
        raise ValueError(f"{what} is {value:g}; it must be {minimum:g} or more.")
    return value


def temperature(value: float) -> float:
    """Returns the temperature of samples, or raises ValueError if it is no number in [0, MOST_TEMPERATURE]."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise wrong("temperature", value, "a number, 0.7 say")
    if not 0 <= value <= MOST_TEMPERATURE:
        raise ValueError(f"The temperature is {value:g}; it must lie in [0, {MOST_TEMPERATURE:g}].")
    return float(value)


def unit_images(x: np.ndarray, shape: tuple[int, ...], what: str = "x") -> np.ndarray:
    """Checks a batch of images.

    Args:
        x: Any real array.
        shape: The shape of one image, (height, width, channels).
        what: Name of the array in messages.

    Returns:
        `x` as float32 [batch, *shape], all in [0, 1].

    Raises:
        ValueError: Wrong shape or dtype, NaN or infinite values, or values outside [0, 1].
    """
    if np.asarray(x).dtype == np.uint8:
        raise ValueError(f"{what} is uint8 in [0, 255]; images are floats in [0, 1]: divide it by 255.")
    x = np.asarray(x)
    if np.issubdtype(x.dtype, np.integer) and x.size:
        raise ValueError(
            f"{what} has dtype {x.dtype} and values from {x.min()} to {x.max()}; images are floats in [0, 1]: "
            "divide it by its largest possible value, 255 mostly."
        )
    return floats(x, shape, "images", (0, 1), what, full_scale=255)


def unit_waveforms(x: np.ndarray, shape: tuple[int, ...], what: str = "x") -> np.ndarray:
    """Checks a batch of sounds of a shape and returns it as float32 [batch, *shape], in [-1, 1]."""
    if np.asarray(x).dtype == np.int16:
        raise ValueError(f"{what} is int16; sounds are floats in [-1, 1]: divide it by 32768.")
    return floats(x, shape, "sounds", (-1, 1), what, full_scale=32768)


def floats(
    x: np.ndarray,
    shape: tuple[int, ...],
    kind: str,
    limits: tuple[float, float] = (-np.inf, np.inf),
    what: str = "x",
    full_scale: float | None = None,
) -> np.ndarray:
    """Checks a batch of arrays.

    Args:
        x: Any array.
        shape: The shape of one instance.
        kind: The noun for instances in messages, for example "images".
        limits: Smallest and largest value.
        what: Name of the array in messages.
        full_scale: Divisor that the message proposes for values far outside the limits; None for none.

    Returns:
        `x` as float32 [batch, *shape].

    Raises:
        ValueError: Wrong shape or dtype, NaN or infinite values, or values outside the limits.
    """
    x, (low, high) = np.asarray(x), limits
    if not np.issubdtype(x.dtype, np.floating):
        within = f" in [{low}, {high}]" if np.isfinite(limits).all() else ""
        raise ValueError(f"{what} has dtype {x.dtype}; {kind} are floats{within}.")
    if x.ndim != 1 + len(shape) or x.shape[1:] != tuple(shape):
        expected = ", ".join(map(str, shape))
        raise ValueError(f"{what} has shape {list(x.shape)}; expected [batch, {expected}].")
    x = finite(x.astype(np.float32), what)
    if x.size and (x.min() < low or x.max() > high):
        way_out = f": divide it by {full_scale}" if full_scale and high + 1 < x.max() <= full_scale else ""
        raise ValueError(
            f"{what} has values from {x.min():g} to {x.max():g}; {kind} must lie in [{low}, {high}]{way_out}."
        )
    return x


def finite(x: np.ndarray, what: str) -> np.ndarray:
    """Returns `x`, or raises ValueError with the number of NaN or infinite values in it."""
    bad = int(x.size - np.isfinite(x).sum())
    if bad:
        raise ValueError(f"{what} has {bad} NaN or infinite value{'s' if bad > 1 else ''}.")
    return x


def class_labels(labels: np.ndarray, num_classes: int, what: str = "labels") -> np.ndarray:
    """Checks integer labels.

    Returns:
        `labels` as int32 [batch], each in [0, num_classes).

    Raises:
        ValueError: The labels are not integers, not one-dimensional, or out of range.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{what} must be integers of shape [batch], not {labels.dtype} {list(labels.shape)}.")
    outside = labels[(labels < 0) | (labels >= num_classes)]
    if outside.size:
        raise ValueError(
            f"{what} has {outside[0]}, outside 0 to {num_classes - 1}. Give labels of the {num_classes} classes."
        )
    return labels.astype(np.int32)


def one_line(text: str) -> str:
    """Returns text with its line breaks and other control characters, as names of files have them, escaped."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", lambda match: ascii(match[0])[1:-1], text)


def reason(error: BaseException) -> str:
    """Returns the first line of an error's message, or the name of its type if it has no message.

    Keras begins some messages with a line that says only which layer was called, and prints the next one bold.
    """
    lines = [line.strip() for line in re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        lines = lines[1:]
    return lines[0] if lines else type(error).__name__


def sentence(error: BaseException) -> str:
    """Returns what an error of TensorFlow tells the user, without a full stop at its end.

    The message of an assertion in graph is such a sentence already. All errors of decoders of pictures are one
    sentence. Of any other error it is the first informative line, without names of nodes, folders and files.

    Args:
        error: An error that a graph raised, in this process or on a server.
    """
    message = str(getattr(error, "message", error))
    if message.startswith("in user code:"):  # Raised while a function was traced: the code comes first.
        message = re.split(r"^\s*\w+Error: ", message, flags=re.MULTILINE)[-1]
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(_TRACE)]
    text = lines[0] if lines else type(error).__name__
    text = re.sub(r"\{\{[^}]*\}\}|\[\[.*?\]\]|\[Op:\w+\]", "", text).strip()
    if _DECODER.match(text):
        return BAD_PICTURE.rstrip(".")
    # Assertions in graph list the values that they compared, and `check_numerics` what it found.
    asserted = re.search(r"assertion failed: \[(.*?)\](?= \[|$)", text)
    text = asserted.group(1) if asserted else text.partition(" : Tensor had ")[0]
    return re.sub(r"\S*/\S*/\S*", "...", text).strip().rstrip(". ")[:300]
