"""ONNX files, run by ONNX Runtime. Needs the extra `onnx`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate.checks import reason
from latent_xlate.domains.custom.model_file import ModelFile, the_input


class OnnxFile(ModelFile):
    """A network in an ONNX file, on the first device that ONNX Runtime is installed for."""

    extra = "onnx"
    packages = ("onnx", "onnxruntime")

    def __init__(self, path: Path):
        """Opens the file; ValueError if it is damaged, or takes more than one input."""
        super().__init__(path)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # Errors; it would warn of devices that are not there.
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=onnxruntime.get_available_providers()
            )
        except Exception as error:  # It raises many kinds of its own.
            raise ValueError(f"{path} is damaged, or no ONNX file ({reason(error)}).") from None
        given = self._session.get_inputs()
        self._input = the_input(path, {each.name: each for each in given})
        sizes = [size if isinstance(size, int) else None for size in given[0].shape]
        self.batch_size, self.input_shape = (sizes[0], tuple(sizes[1:])) if sizes else (None, None)
        self._dtype = {"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(given[0].type, np.float32)
        self.output_names = tuple(each.name for each in self._session.get_outputs())

    def run(self, x: np.ndarray) -> list[Any]:
        return self._session.run(None, {self._input: x.astype(self._dtype)})

    def copy(self, target: Path) -> None:
        import onnx

        header = onnx.load(self.path, load_external_data=False)
        if not any(map(onnx.external_data_helper.uses_external_data, header.graph.initializer)):
            shutil.copyfile(self.path, target)
            return
        try:  # The copy takes in the weights that are in files beside it.
            onnx.save(onnx.load(self.path), target)
        except Exception as error:  # Protocol buffers have 2 GB at most, and raise errors of their own.
            raise ValueError(f"{self.path} cannot be written as one file ({reason(error)}).") from None
