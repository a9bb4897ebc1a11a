"""Reading and writing of NumPy's npy files in graph.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from latent_xlate.modalities.refusals import require

SUFFIX = ".npy"

MAGIC = b"\x93NUMPY"

DTYPES = (np.float32, np.float64, np.float16, np.uint8, np.int8, np.int16, np.uint16, np.int32, np.int64)
"""Types of numbers that can be read, little-endian."""


def normalised(content: bytes) -> bytes:
    """Converts an npy file, or the array of an npz file (see `read_npz`), to an npy file that `read_npy` takes.

    Arrays of any order of axes and bytes, and of all real numbers, become little-endian in C order. Types that
    `read_npy` does not know become float64. Content that is neither file is returned unchanged, as is an npy file of
    something else than numbers: `read_npy` refuses it.

    Raises:
        ValueError: The npz file is damaged, or has neither an array "x" nor a single array.
    """
    if content.startswith(b"PK"):
        x = read_npz(content)
    elif content.startswith(MAGIC):
        try:
            x = np.load(io.BytesIO(content), allow_pickle=False)
        except Exception:  # Damaged files raise many kinds of exceptions, and `read_npy` says what is wrong.
            return content
    else:
        return content
    if x.dtype.kind in "biuf":
        x = x.astype(x.dtype.newbyteorder("<") if x.dtype.type in DTYPES else np.float64)
    npy = io.BytesIO()
    np.save(npy, np.asarray(x, order="C"), allow_pickle=False)
    return npy.getvalue()


def read_npz(content: bytes, called: Sequence[str] = ("x",)) -> np.ndarray:
    """Reads an array of an npz file, or its only array. What else is in the file does not matter.

    Args:
        content: The file.
        called: Names of the array; the first that is there counts.

    Raises:
        ValueError: The content is no npz file, is damaged, or has neither such an array nor a single one.
    """
    if not content.startswith(b"PK"):
        kind = "an npy file" if content.startswith(MAGIC) else "not an npz file"
        raise ValueError(f"it is {kind}: save the array by np.savez(file, x=...).")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            names = file.files
            name = names[0] if len(names) == 1 else next((name for name in called if name in names), called[0])
            x = file[name] if name in names else None
    except Exception as error:  # Damaged zip files raise many kinds of exceptions.
        if "Object arrays" in str(error):
            raise ValueError(f"its array {name!r} holds Python objects: save it as an array of numbers.") from None
        raise ValueError(f"not an npz file, or a damaged one ({error}).") from None
    if x is not None and not isinstance(x, np.ndarray):
        raise ValueError(f"its member {name!r} is no array: save the array by np.savez(file, x=...).")
    if x is None:
        raise ValueError(f"it holds {', '.join(names) or 'no array'}; name the one to translate {called[0]!r}.")
    return x


def read_npy(file: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Decodes an array in C order.

    Args:
        file: string scalar, an npy file of one of `DTYPES`.
        shape: Shape of the array.

    Returns:
        float32 [*shape].

    Raises:
        tf.errors.InvalidArgumentError: It is no such file, the array has another shape or type, or values are NaN,
            infinite or too large for float32.
    """
    head = tf.io.decode_raw(tf.strings.substr(file, 0, 12) + b"\0" * 12, tf.uint8)[:12]
    head = tf.cast(tf.ensure_shape(head, [12]), tf.int32)
    is_first = tf.equal(head[6], 1)  # Later versions use four bytes for the length, which stays below 2^16 here.
    start = tf.where(is_first, 10, 12)
    length = head[8] + 256 * head[9]
    header = tf.strings.substr(file + b" " * 12, start, length)
    sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    pattern = r"\{{'descr': '{}', 'fortran_order': False, 'shape': \({}\), \}} *\n"
    fits = tf.stack([tf.strings.regex_full_match(header, pattern.format(_descr(dtype), sizes)) for dtype in DTYPES])
    is_npy = tf.strings.substr(file, 0, len(MAGIC)) == MAGIC
    no_array = f"The file holds no array of numbers of shape {list(shape)} in C order."
    checks = require(tf.strings.length(file) > 0, "The file is empty: it has no bytes.")
    checks += require(is_npy, "The file is no npy file.") + require(tf.reduce_any(fits), no_array)
    with tf.control_dependencies(checks):
        size = tf.strings.length(file)
        content = tf.strings.substr(file, tf.minimum(start + length, size), size)

    def decoder(dtype: type[np.generic]) -> Callable[[], tf.Tensor]:
        return lambda: _decode(content, dtype, shape)

    x = tf.switch_case(tf.argmax(fits, output_type=tf.int32), [decoder(dtype) for dtype in DTYPES])
    return tf.debugging.check_numerics(x, "The array has values that are NaN or infinite")


def _descr(dtype: type[np.generic]) -> str:
    """Regular expression of the header's name of a type, little-endian."""
    return re.escape(np.dtype(dtype).newbyteorder("<").str)


def _decode(content: tf.Tensor, dtype: type[np.generic], shape: tuple[int, ...]) -> tf.Tensor:
    return tf.reshape(tf.cast(tf.io.decode_raw(content, tf.as_dtype(dtype)), tf.float32), shape)


def write_npy(x: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Encodes an array, float32 [*shape], as an npy file of little-endian float32: string scalar."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": tuple(shape)})
    # TensorFlow converts tensors to bytes only as a TensorProto, which ends in the tensor's own bytes.
    proto = tf.io.serialize_tensor(tf.ensure_shape(x, shape))
    num_bytes = 4 * math.prod(shape)
    return header.getvalue() + tf.strings.substr(proto, tf.strings.length(proto) - num_bytes, num_bytes)
