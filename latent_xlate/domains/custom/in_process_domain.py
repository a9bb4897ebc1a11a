"""Models that run beside TensorFlow, in this process, as a domain: functions from arrays to arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.domains.custom.model_description import Function, check_rows, describe
from latent_xlate.domains.custom.model_domain import ModelDomain, constructor_arguments
from latent_xlate.domains.custom.model_outputs import Key, chosen

ArrayFunction = Callable[[np.ndarray], Any]
"""A function of an array, float32 [batch, ...], to an array, or to several in a sequence or a mapping."""


class InProcessDomain(ModelDomain):
    """The base class of domains whose models TensorFlow cannot save in a graph.

    They are called in this process, a batch at a time, on whatever device they choose.
    """

    in_graph = False

    def __init__(self, name: str, num_classes: int = 0, batch_size: int = ModelDomain.batch_size, **options: Any):
        """Makes a domain whose shapes are known; `take` gives it its functions.

        Args:
            name: Lower-case letters, digits, underscores.
            num_classes: Number of logits of `classify`, if there is one.
            batch_size: Largest number of instances in a call.
            **options: Passed to `ModelDomain`.
        """
        super().__init__(name, **options)
        self.num_classes = num_classes
        self.batch_size = int(checks.at_least(batch_size, 1, "batch_size"))
        self._functions: Mapping[str, ArrayFunction] = {}

    def take(self, functions: Mapping[str, ArrayFunction]) -> None:
        """Sets the functions "decode" and, if the model has them, "encode" and "classify"."""
        self._functions = functions
        self.has_encoder = "encode" in functions
        self.has_classifier = self.shared_judge is not None or "classify" in functions

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {}

    def function(self, name: str) -> Function | None:
        if name not in self._functions:
            return None
        shapes = {"encode": self.latent_shape, "decode": self.model_shape, "classify": (self.num_classes,)}
        keys = self.outputs.get(name, ())
        call = functools.partial(_called, name, self._functions[name], keys)

        def function(x: tf.Tensor) -> list[tf.Tensor]:
            outputs = tf.numpy_function(call, [x], [tf.float32] * max(1, len(keys)))
            return [tf.ensure_shape(output, [None, *shapes[name]]) for output in tf.nest.flatten(outputs)]

        return function

    def _chosen(self, name: str, result: Any) -> list[tf.Tensor]:
        return result  # `function` returns those that count.

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_classes": self.num_classes, "batch_size": self.batch_size}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**constructor_arguments(config))


def describe_arrays(
    functions: Mapping[str, ArrayFunction], latent_shape: Sequence[int], **options: Any
) -> dict[str, Any]:
    """Finds out the arguments of an `InProcessDomain` by calling its functions.

    Args:
        functions: "decode" and, if the model has them, "encode" and "classify".
        latent_shape: Shape of one latent.
        **options: Settings of `describe`, and arguments of `InProcessDomain` that do not depend on the model.

    Raises:
        ValueError: As `describe`.
    """
    found = describe(
        {key: _Eager(function) for key, function in functions.items()},
        checks.sizes(latent_shape, "latent_shape"),
        **options,
    )
    if "classify" in functions:
        x = np.zeros([1, *found["model_shape"]], np.float32)
        found["num_classes"] = np.shape(chosen(functions["classify"](x), found["outputs"]["classify"])[0])[1]
    return found


class _Eager:
    """A function of arrays as one of tensors, which names its outputs if that one does."""

    def __init__(self, function: ArrayFunction):
        self._function = function

    @property
    def output_names(self) -> Sequence[str]:
        """Names of the outputs in their order, after the first call; empty if it gives none."""
        return getattr(self._function, "output_names", ())

    def __call__(self, x: tf.Tensor) -> Any:
        return tf.nest.map_structure(lambda array: tf.constant(np.asarray(array)), self._function(x.numpy()))


def _called(name: str, function: ArrayFunction, keys: Sequence[Key], x: np.ndarray) -> list[np.ndarray]:
    outputs = [np.asarray(output, np.float32) for output in chosen(function(x), keys)]
    for output in outputs:
        check_rows(name, output.shape, x.shape)
    return outputs[: max(1, len(keys))]
