"""A domain of functions of Python: models of any framework in this process, or those that a web service runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from latent_xlate import KERAS_PACKAGE, checks
from latent_xlate.domains.custom.in_process_domain import ArrayFunction, InProcessDomain, describe_arrays

_MADE: dict[str, Mapping[str, ArrayFunction]] = {}
"""Functions of the domains made in this process, by name: a folder cannot hold them."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class CallableDomain(InProcessDomain):
    """A domain whose encoder, decoder and judge are functions from arrays to arrays.

    A folder of such a domain holds its settings: in another process, make the domain again before the folder is loaded.

    Example:
        domain = CallableDomain.of("faces", decode, encode, latent_shape=(512,))
        package_domain(domain, "out/faces", data="FOLDER")
    """

    def __init__(self, name: str, **options: Any):
        """Makes a domain whose shapes are known, of the functions that `of` was given for the name.

        Args:
            name: Lower-case letters, digits, underscores.
            **options: Passed to `InProcessDomain`.
        """
        super().__init__(name, **options)
        self.take(_MADE.get(name, {}))

    @classmethod
    def of(
        cls,
        name: str,
        decode: ArrayFunction,
        encode: ArrayFunction | None = None,
        classify: ArrayFunction | None = None,
        *,
        latent_shape: Sequence[int],
        **options: Any,
    ) -> CallableDomain:
        """Makes a domain of functions, which are called to find out their shapes.

        Args:
            name: Lower-case letters, digits, underscores. A domain of the same name that was made before is replaced.
            decode: Latents, [batch, *latent_shape], to data.
            encode: Data to mu; or to mu and sigma, or mu and the logarithm of the variance, see `ModelDomain`.
            classify: Data to logits or probabilities, [batch, classes].
            latent_shape: Shape of one latent.
            **options: Settings of `describe`, such as `invert` or `sigma_kind`; `batch_size` of `InProcessDomain`; and
                `class_names` and `dataset` of `ModelDomain`.

        Raises:
            ValueError: A function fails, or they do not fit together.
        """
        functions = {"decode": decode}
        functions |= {} if encode is None else {"encode": encode}
        functions |= {} if classify is None else {"classify": classify}
        for key, function in functions.items():
            if not callable(function):
                raise checks.wrong(key, function, "a function of an array")
        found = describe_arrays(functions, latent_shape, **options)
        _MADE[name] = functions
        return cls(name, **found)

    def load_models(self, folder: Path) -> None:
        if "decode" not in self._functions:
            raise ValueError(
                f"Domain {self.name!r} in {folder} is made of functions of Python, which no folder holds: make it "
                "again by CallableDomain.of, then load the folder."
            )
        super().load_models(folder)
