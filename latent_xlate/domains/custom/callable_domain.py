"""A domain of functions of Python: models of any framework in this process, or those that a web service runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, checks
from latent_xlate.domains.custom.model_domain import Function, ModelDomain, check_rows, constructor_arguments, describe
from latent_xlate.domains.custom.model_outputs import Key, chosen

ArrayFunction = Callable[[np.ndarray], Any]
"""A function of an array, float32 [batch, ...], to an array, or to several in a sequence or a mapping."""

_MADE: dict[str, Mapping[str, ArrayFunction]] = {}
"""Functions of the domains made in this process, by name: a folder cannot hold them."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class CallableDomain(ModelDomain):
    """A domain whose encoder, decoder and judge are functions from arrays to arrays.

    They are called in this process, a batch at a time, on whatever device they choose. A folder of such a domain holds
    its settings: in another process, make the domain again before the folder is loaded.

    Example:
        domain = CallableDomain.of("faces", decode, encode, latent_shape=(512,))
        package_domain(domain, "out/faces", data="FOLDER")
    """

    in_graph = False

    def __init__(self, name: str, num_classes: int = 0, **options: Any):
        """Makes a domain whose shapes are known, of the functions that `of` was given for the name.

        Args:
            name: Lower-case letters, digits, underscores.
            num_classes: Number of logits of `classify`, if there is one.
            **options: Passed to `ModelDomain`.
        """
        super().__init__(name, **options)
        self.num_classes = num_classes
        self._functions = _MADE.get(name, {})
        self.has_encoder = "encode" in self._functions
        self.has_classifier = "classify" in self._functions

    @classmethod
    def of(
        cls,
        name: str,
        decode: ArrayFunction,
        encode: ArrayFunction | None = None,
        classify: ArrayFunction | None = None,
        *,
        latent_shape: Sequence[int],
        batch_size: int = ModelDomain.batch_size,
        **options: Any,
    ) -> CallableDomain:
        """Makes a domain of functions, which are called to find out their shapes.

        Args:
            name: Lower-case letters, digits, underscores. A domain of the same name that was made before is replaced.
            decode: Latents, [batch, *latent_shape], to data.
            encode: Data to mu; or to mu and sigma, or mu and the logarithm of the variance, see `ModelDomain`.
            classify: Data to logits or probabilities, [batch, classes].
            latent_shape: Shape of one latent.
            batch_size: Largest number of instances in a call.
            **options: Settings of `describe`, such as `invert` or `sigma_kind`; and `class_names` and `dataset` of
                `ModelDomain`.

        Raises:
            ValueError: A function fails, or they do not fit together.
        """
        functions = {"decode": decode}
        functions |= {} if encode is None else {"encode": encode}
        functions |= {} if classify is None else {"classify": classify}
        for key, function in functions.items():
            if not callable(function):
                raise checks.wrong(key, function, "a function of an array")
        found = describe(
            {key: functools.partial(_eagerly, function) for key, function in functions.items()},
            checks.sizes(latent_shape, "latent_shape"),
            **options,
        )
        _MADE[name] = functions
        num_classes = 0
        if classify is not None:
            logits = chosen(classify(np.zeros([1, *found["model_shape"]], np.float32)), found["outputs"]["classify"])
            num_classes = np.shape(logits[0])[1]
        domain = cls(name, num_classes, **found)
        domain.batch_size = int(checks.at_least(batch_size, 1, "batch_size"))
        return domain

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

    def load_models(self, folder: Path) -> None:
        if "decode" not in self._functions:
            raise ValueError(
                f"Domain {self.name!r} in {folder} is made of functions of Python, which no folder holds: make it "
                "again by CallableDomain.of, then load the folder."
            )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_classes": self.num_classes, "batch_size": self.batch_size}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CallableDomain:
        arguments = constructor_arguments(config)
        batch_size = arguments.pop("batch_size")
        domain = cls(**arguments)
        domain.batch_size = batch_size
        return domain


def _eagerly(function: ArrayFunction, x: tf.Tensor) -> Any:
    """What a function returns, its arrays as tensors."""
    return tf.nest.map_structure(lambda array: tf.constant(np.asarray(array)), function(x.numpy()))


def _called(name: str, function: ArrayFunction, keys: Sequence[Key], x: np.ndarray) -> list[np.ndarray]:
    outputs = [np.asarray(output, np.float32) for output in chosen(function(x), keys)]
    for output in outputs:
        check_rows(name, output.shape, x.shape)
    return outputs[: max(1, len(keys))]
