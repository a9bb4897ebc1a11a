"""Conversion between arrays and the JSON of TensorFlow Serving's predict requests and responses.

https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import base64
import collections
import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import tensorflow as tf

from latent_xlate.serving.server.limits import invalid
from latent_xlate.serving.server.servable import Arrays, Signature


def read_request(body: bytes, signature_of: Callable[[str], Signature]) -> tuple[Signature, Arrays, bool]:
    """Parses the body of a predict request.

    Args:
        body: The body, JSON.
        signature_of: Function of a name, "" for the default, to a signature; raises RequestError.

    Returns:
        The signature, its inputs by name, and whether they are in row format ("instances").

    Raises:
        RequestError: The body is not a valid request.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not JSON: {str(error).rstrip('.')}.") from None
    if not isinstance(content, dict):
        raise invalid("The body is not a JSON object.")
    try:
        _check_keys(body, content)
    except RecursionError:  # orjson takes a thousand levels, of which a few are ever needed.
        raise invalid("The body has objects that are nested too deeply.") from None
    name = content.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("signature_name is not a string.")
    for key in content.keys() - {"signature_name"}:  # Other keys are ignored, but this would give another translation.
        if "signature" in key.lower():
            raise invalid(f"The body has the key {key!r}: the name of a signature is given as 'signature_name'.")
    if ("instances" in content) == ("inputs" in content):
        raise invalid("The body must have either 'instances' (rows) or 'inputs' (columns).")
    signature = signature_of(name)
    in_rows = "instances" in content
    columns = _columns(content["instances"], signature) if in_rows else _named(content["inputs"], signature)
    return signature, {key: _array(key, value, signature.inputs[key]) for key, value in columns.items()}, in_rows


def _check_keys(body: bytes, content: dict[str, Any]) -> None:
    """Raises RequestError if an object has a key twice, of which the parser keeps the last without a word."""
    if b"\\" not in body and body.count(b'"') == 2 * _num_strings(content):
        return  # Nearly all requests. The parser below is slower by far.

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            (key, _), *_ = (collections.Counter(key for key, _ in pairs)).most_common(1)
            raise invalid(f"The body has an object with the key {key!r} twice.")
        return found

    json.loads(body, object_pairs_hook=checked)


def _num_strings(value: Any, is_row: bool = False) -> int:
    """The number of strings in a body, keys included, but without those within rows that are lists."""
    if isinstance(value, dict):
        return len(value) + sum(_num_strings(each, is_row) for each in value.values())
    if isinstance(value, list) and not (is_row or {int, float}.issuperset(map(type, value))):
        return sum(_num_strings(each, is_row=True) for each in value)
    return isinstance(value, str)


def _columns(instances: Any, signature: Signature) -> dict[str, Any]:
    """Converts the row format, a list of instances, to inputs by name."""
    if not isinstance(instances, list):
        raise invalid("'instances' must be a list of items, even of one: write [...].")
    if not instances:
        raise invalid("'instances' holds no items.")
    if not any(isinstance(row, dict) and row.keys() != {"b64"} for row in instances):
        return _named(instances, signature)
    for row in instances:
        if not isinstance(row, dict) or row.keys() != signature.inputs.keys():
            names = ", ".join(sorted(signature.inputs))
            raise invalid(f"Each of 'instances' must be an object of {names}, the inputs of {signature.name!r}.")
    return {key: [row[key] for row in instances] for key in signature.inputs}


def _named(value: Any, signature: Signature) -> dict[str, Any]:
    """Inputs by name. A value that is not an object of them is that of the only input."""
    if isinstance(value, dict) and value.keys() != {"b64"}:
        if value.keys() != signature.inputs.keys():
            names = ", ".join(sorted(signature.inputs))
            raise invalid(f"Signature {signature.name!r} takes the inputs {names}, no more and no fewer.")
        return value
    if len(signature.inputs) != 1:
        raise invalid(f"Signature {signature.name!r} takes {', '.join(sorted(signature.inputs))}: name them.")
    (key,) = signature.inputs
    return {key: value}


def _array(key: str, value: Any, spec: tf.TensorSpec) -> np.ndarray:
    """Converts the value of an input to an array of the dtype of `spec`."""
    if spec.dtype == tf.string:
        if not isinstance(value, list):
            item = '{"b64": "..."}' if isinstance(value, dict) else '"..."'
            raise invalid(f"Input {key!r} must be a list of items, even of one: write [{item}].")
        array = np.empty(len(value), object)
        array[:] = [_bytes(key, item) for item in value]
        return array
    shape, numbers = _flatten(key, value)
    kinds = {int, float} if spec.dtype.is_floating else {int}
    if not kinds.issuperset(map(type, numbers)):
        raise invalid(f"Input {key!r} must be {'numbers' if spec.dtype.is_floating else 'whole numbers'}.")
    try:
        with np.errstate(over="ignore"):  # Overflow gives infinity, which the signature rejects.
            return np.fromiter(numbers, spec.dtype.as_numpy_dtype, len(numbers)).reshape(shape)
    except OverflowError:
        raise invalid(f"Input {key!r} has numbers beyond those of {spec.dtype.name}.") from None


def _flatten(key: str, value: Any) -> tuple[list[int], list[Any]]:
    """The shape of nested lists, and their items in one list. NumPy's own conversion would pad strings to one size.

    Types are not looked at on the way, which takes time for each of many small lists: a string or an object among lists
    gives strings, and a list among items stays one, so that whoever takes numbers alone finds them.
    """
    shape: list[int] = []
    items = [value]
    while items and isinstance(items[0], list):
        try:
            sizes = set(map(len, items))
        except TypeError:  # A number among lists.
            sizes = set()
        if len(sizes) != 1 or len(shape) == _MAX_RANK:
            raise invalid(f"Input {key!r} is not a list of items of one shape.")
        shape.append(sizes.pop())
        items = list(itertools.chain.from_iterable(items))
    return shape, items


def _bytes(key: str, item: Any) -> bytes:
    """Decodes a string of an input, which is text or {"b64": base64}."""
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, dict) and item.keys() == {"b64"} and isinstance(item["b64"], str):
        try:
            return decode_base64(item["b64"])
        except ValueError:
            raise invalid(f"Input {key!r} has a 'b64' that is not base64.") from None
    raise invalid(f'Input {key!r} must be strings, or {{"b64": "..."}} of bytes.')


def decode_base64(text: str) -> bytes:
    """Decodes base64 as TensorFlow Serving does, with or without padding and with white space; web-safe, too.

    Raises:
        ValueError: The text is not base64.
    """
    content = text.encode("ascii").translate(_STANDARD_ALPHABET, b" \t\n\v\f\r")
    digits = content.rstrip(b"=.")  # TensorFlow Serving takes "." for "=".
    padding = -len(digits) % 4
    if len(content) - len(digits) not in (0, padding):
        raise ValueError("Wrong padding.")
    return base64.b64decode(digits + padding * b"=", validate=True)


_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")

_MAX_RANK = 64
"""Largest number of dimensions of an array of NumPy."""


def write_answer(outputs: Arrays, in_rows: bool) -> bytes:
    """Formats the body of a response.

    Args:
        outputs: Arrays by name.
        in_rows: Whether the request was in row format, which is then that of the response.
    """
    values = {key: _json(key, array) for key, array in outputs.items()}
    content: Any
    if len(values) == 1:
        (content,) = values.values()
    elif in_rows:
        content = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    else:
        content = values
    return orjson.dumps({"predictions" if in_rows else "outputs": content}, option=orjson.OPT_SERIALIZE_NUMPY)


def _json(key: str, array: np.ndarray) -> Any:
    if array.dtype != object:
        return np.ascontiguousarray(array)
    if key.endswith("_bytes"):
        return [{"b64": base64.b64encode(item).decode()} for item in array]
    return [item.decode(errors="replace") for item in array]
