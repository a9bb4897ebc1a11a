"""Answers requests to a SavedModel by TensorFlow's C API alone: `c_api.py FOLDER`, requests on stdin as JSON.

Each request is {"feeds": {NAME OF A TENSOR: TENSOR}, "fetch": NAME OF A TENSOR}, where TENSOR is
[DTYPE, SHAPE, FLAT LIST OF VALUES], and strings are base64. Answers on stdout: a list of TENSOR or
{"code": CODE OF THE STATUS, "error": MESSAGE}.
"""

from __future__ import annotations

import base64
import ctypes
import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

FLOAT, INT32, STRING = 1, 3, 7  # Of the enumeration TF_DataType.
NUMBERS = {FLOAT: ctypes.c_float, INT32: ctypes.c_int32}
SIZE_OF_STRING = 24


class Output(ctypes.Structure):
    """The struct TF_Output."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def library() -> Path | None:
    """The library in TensorFlow's wheel that exports the C API; None if there is none. TensorFlow is not imported."""
    spec = importlib.util.find_spec("tensorflow")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "libtensorflow_cc.so.2").is_file():
            return path
    return None


class CApi:
    """Functions of the C API by name. Those that return no pointer are named here."""

    _RETURNS = {
        "GetCode": ctypes.c_int,
        "Message": ctypes.c_char_p,
        "NumDims": ctypes.c_int,
        "TensorType": ctypes.c_int,
    }
    _SIZES = ("Dim", "StringGetSize")

    def __init__(self, path: Path):
        ctypes.CDLL(
            str(path.with_name("libtensorflow_framework.so.2")), ctypes.RTLD_GLOBAL
        )  # It is needed by the other.
        self._library = ctypes.CDLL(str(path), ctypes.RTLD_GLOBAL)

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, f"TF_{name}")
        function.restype = self._RETURNS.get(name, ctypes.c_void_p)
        return function


class Session:
    """A SavedModel that the C API has loaded."""

    def __init__(self, api: CApi, folder: str):
        self.api, self.status, self.graph = api, pointer(api.NewStatus()), pointer(api.NewGraph())
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = pointer(api.NewSessionOptions())
        self.session = pointer(
            api.LoadSessionFromSavedModel(options, None, folder.encode(), tags, 1, self.graph, None, self.status)
        )
        if api.GetCode(self.status):
            raise SystemExit(api.Message(self.status).decode())

    def run(self, feeds: dict[str, list], fetch: str) -> Any:
        api, count = self.api, len(feeds)
        inputs, outputs = (Output * count)(*map(self._output, feeds)), (Output * 1)(self._output(fetch))
        values, results = (ctypes.c_void_p * count)(*map(self._tensor, feeds.values())), (ctypes.c_void_p * 1)()
        api.SessionRun(self.session, None, inputs, values, count, outputs, results, 1, None, 0, None, self.status)
        for value in values:
            api.DeleteTensor(pointer(value))
        if code := api.GetCode(self.status):
            return {"code": code, "error": api.Message(self.status).decode()}
        return self._value(pointer(results[0]))

    def _output(self, name: str) -> Output:
        operation, _, index = name.partition(":")
        found = self.api.GraphOperationByName(self.graph, operation.encode())
        assert found, f"The graph has no operation {operation}."
        return Output(found, int(index))

    def _tensor(self, tensor: list) -> int:
        api, (dtype, shape, content) = self.api, tensor
        size = SIZE_OF_STRING if dtype == STRING else ctypes.sizeof(NUMBERS[dtype])
        sizes = (ctypes.c_int64 * len(shape))(*shape)
        made = api.AllocateTensor(dtype, sizes, len(shape), ctypes.c_size_t(size * math.prod(shape)))
        data = api.TensorData(pointer(made))
        if dtype == STRING:
            for index, text in enumerate(map(base64.b64decode, content)):
                string = pointer(data + index * SIZE_OF_STRING)
                api.StringInit(string)
                api.StringCopy(string, text, ctypes.c_size_t(len(text)))
        else:
            values = (NUMBERS[dtype] * len(content))(*content)
            ctypes.memmove(data, values, ctypes.sizeof(values))
        return made

    def _value(self, tensor: ctypes.c_void_p) -> list:
        api = self.api
        dtype, data = api.TensorType(tensor), api.TensorData(tensor)
        shape = [api.Dim(tensor, axis) for axis in range(api.NumDims(tensor))]
        if dtype == STRING:
            content = [self._text(pointer(data + i * SIZE_OF_STRING)) for i in range(math.prod(shape))]
        else:
            content = list((NUMBERS[dtype] * math.prod(shape)).from_address(data))
        api.DeleteTensor(tensor)
        return [dtype, shape, content]

    def _text(self, string: ctypes.c_void_p) -> str:
        content = ctypes.string_at(self.api.StringGetDataPointer(string), self.api.StringGetSize(string))
        return base64.b64encode(content).decode()


pointer = ctypes.c_void_p  # Arguments that are not wrapped are passed as ints of 32 bits.


def main() -> None:
    path = library()
    assert path, "TensorFlow's wheel has no library of the C API."
    session = Session(CApi(path), sys.argv[1])
    answers = [session.run(**request) for request in json.load(sys.stdin)]
    assert not any(name.partition(".")[0] in ("tensorflow", "keras", "latent_xlate") for name in sys.modules)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
