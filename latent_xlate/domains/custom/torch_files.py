"""PyTorch files: programs of `torch.export`, and TorchScript. Needs the extra `torch`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate.checks import reason
from latent_xlate.domains.custom.model_file import ModelFile, quiet, the_input

_WEIGHTS_ALONE = (
    "weights alone do not say what the network is: describe it in PyTorch, load them there, and write it by "
    "torch.export.save (docs/tutorials/pytorch.md)"
)


def import_torch() -> Any:
    """The module `torch`, without Triton, whose library ends the process if it is loaded after TensorFlow's."""
    sys.modules.setdefault("triton", None)  # type: ignore[arg-type]  # It counts as not installed then.
    import torch

    return torch


class _TorchFile(ModelFile):
    """A network that PyTorch runs, on the CPU."""

    extra = "torch"
    packages = ("torch",)
    _module: Any

    def run(self, x: np.ndarray) -> list[Any]:
        torch = import_torch()
        with torch.no_grad():
            result = self._module(torch.from_numpy(np.array(x)))  # A copy, since arrays of TensorFlow are read-only.
        if isinstance(result, dict):
            self.output_names = tuple(map(str, result))
            result = list(result.values())
        outputs = [result] if isinstance(result, torch.Tensor) else result
        return [output.numpy() for output in outputs]


class ExportedProgram(_TorchFile):
    """A network that `torch.export.save` wrote (.pt2)."""

    def __init__(self, path: Path):
        """Opens the file; ValueError if it is damaged, or takes more than one input."""
        super().__init__(path)
        torch = import_torch()
        try:
            with quiet():
                self.program = torch.export.load(path)
                self._module = self.program.module()
        except Exception as error:  # Damaged archives raise many kinds of exceptions.
            raise ValueError(
                f"{path} is damaged, or not of torch.export ({_first(error)}): {_WEIGHTS_ALONE}."
            ) from None
        name = the_input(path, {name: name for name in self.program.graph_signature.user_inputs})
        shapes = {node.name: node.meta["val"].shape for node in self.program.graph.nodes if node.op == "placeholder"}
        self.batch_size, *sizes = (size if isinstance(size, int) else None for size in shapes[name])
        self.input_shape = tuple(sizes)


class TorchScript(_TorchFile):
    """A network that `torch.jit.save` wrote (.pt). It does not say which shapes it takes."""

    batch_size = None
    input_shape = None

    def __init__(self, path: Path):
        """Opens the file; ValueError if it is damaged, or takes more than one input."""
        super().__init__(path)
        torch = import_torch()
        try:
            with quiet():
                self._module = torch.jit.load(path, map_location="cpu").eval()
        except Exception as error:  # Damaged archives raise many kinds of exceptions.
            raise ValueError(f"{path} is damaged, or no TorchScript ({_first(error)}): {_WEIGHTS_ALONE}.") from None
        taken = list(self._module.graph.inputs())[1:]  # The first is the module itself.
        the_input(path, {each.debugName(): each for each in taken})


def _first(error: Exception) -> str:
    return reason(error).partition(". ")[0]
