"""Any Keras models as a domain: a decoder, and optionally an encoder and a classifier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from latent_xlate import KERAS_PACKAGE, checks
from latent_xlate.domains.custom.model_description import Function, describe
from latent_xlate.domains.custom.model_domain import ModelDomain, constructor_arguments
from latent_xlate.domains.network_files import load_network

_NETWORKS = {"encode": "encoder", "decode": "decoder", "classify": "classifier"}


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class KerasDomain(ModelDomain):
    """A domain made from the user's own Keras models.

    Their layers must be Keras's own or of registered classes, whose modules have to be imported before the domain is
    loaded. Layers that hold Python code (Lambda) are refused.

    Example:
        domain = KerasDomain.of("shapes", decoder, encoder, class_names=("circle", "square"))
        domain.save("out/shapes")
    """

    def __init__(
        self,
        name: str,
        decoder: keras.Model,
        encoder: keras.Model | None = None,
        classifier: keras.Model | None = None,
        **options: Any,
    ):
        """Makes a domain whose shapes and settings are known; `of` finds them out.

        Args:
            name: Lower-case letters, digits, underscores.
            decoder: Maps latents to data.
            encoder: Maps data to latents; None if there is no encoder.
            classifier: Maps data to class logits or probabilities; None if there is no classifier.
            **options: Passed to `ModelDomain`.
        """
        super().__init__(name, **options)
        self._networks = {"decoder": decoder, "encoder": encoder, "classifier": classifier}
        self.has_encoder = encoder is not None
        self.has_classifier = classifier is not None
        self._features = _to_last_layer(classifier)

    @classmethod
    def of(
        cls,
        name: str,
        decoder: keras.Model,
        encoder: keras.Model | None = None,
        classifier: keras.Model | None = None,
        *,
        latent_shape: Sequence[int] | None = None,
        **options: Any,
    ) -> KerasDomain:
        """Makes a domain from built models and finds out their shapes.

        Args:
            name: See the constructor.
            decoder: See the constructor.
            encoder: See the constructor.
            classifier: See the constructor.
            latent_shape: Shape of one latent, if the decoder is a subclass of `keras.Model`, which does not say it.
            **options: Settings of `describe`, such as `invert` or `sigma_kind`; and `class_names` and `dataset` of
                `ModelDomain`.

        Raises:
            ValueError: The models do not fit together, or one of them is not built.
        """
        networks = {"decode": decoder, "encode": encoder, "classify": classifier}
        functions = {key: network for key, network in networks.items() if network is not None or key == "decode"}
        for key, network in functions.items():
            _check_network(network, _NETWORKS[key])
        found = describe(functions, _latent_shape(decoder, latent_shape), **options)
        return cls(name, decoder, encoder, classifier, **found)

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {name: network for name, network in self._networks.items() if network is not None}

    def function(self, name: str) -> Function | None:
        return self._features if name == "features" else self._networks[_NETWORKS[name]]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {name: _serialised(network) for name, network in self.networks.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KerasDomain:
        networks = {
            name: keras.saving.deserialize_keras_object(config[name]) for name in _NETWORKS.values() if name in config
        }
        return cls(**(constructor_arguments(config) | networks))


def _latent_shape(decoder: keras.Model, given: Sequence[int] | None) -> Sequence[int | None]:
    """The shape of one latent, as the decoder says it or else as it is given."""
    try:
        known = tuple(decoder.input_shape[1:])
    except AttributeError:
        if given is None:
            raise ValueError(
                "The decoder has no input of known shape: build it from layers, with keras.Input first, or give "
                "latent_shape, 20 say."
            ) from None
        return checks.sizes(given, "latent_shape")
    if given is not None and known != tuple(given):
        raise ValueError(
            f"latent_shape is {list(given)}, and the decoder takes latents of shape {list(known)}: leave it out."
        )
    return known


def load_parts(
    autoencoder: str | os.PathLike | None = None, **paths: str | os.PathLike | None
) -> dict[str, keras.Model]:
    """Loads the models of a domain.

    Args:
        autoencoder: A `.keras` file of a model with attributes or layers called `encoder` and `decoder`.
        **paths: `.keras` files by name: `encoder`, `decoder`, `classifier`; None if there is no such model.

    Returns:
        Models by name.

    Raises:
        ValueError: A file is missing, damaged or unsafe, an autoencoder lacks a part, or there is no decoder.
    """
    networks = {
        name: load_network(path, keras.Model, f"Keras model of the {name}") for name, path in paths.items() if path
    }
    if autoencoder:
        whole = load_network(autoencoder, keras.Model, "Keras model of the autoencoder")
        networks = {name: _part(whole, name, Path(autoencoder)) for name in ("encoder", "decoder")} | networks
    if "decoder" not in networks:
        raise ValueError("A domain needs a decoder: give --decoder, or --autoencoder.")
    return networks


def _part(whole: keras.Model, name: str, path: Path) -> keras.Model:
    part = getattr(whole, name, None) or next((layer for layer in whole.layers if layer.name == name), None)
    if not isinstance(part, keras.Model):
        parts = ", ".join(layer.name for layer in whole.layers)
        raise ValueError(
            f"{path} has no model called {name!r} in it, but {parts}: give --encoder and --decoder instead."
        )
    return part


def _check_network(network: Any, name: str) -> None:
    """Raises ValueError if a network is no built Keras model of one input."""
    checks.instance(network, keras.Model, name, "a Keras model: `keras.saving.load_model` reads one from its file")
    if not network.built:
        raise ValueError(f"The {name} is no Keras model that is built: call it once, or load it from a file.")
    inputs = getattr(network, "inputs", None) or [None]
    if len(inputs) > 1:
        named = ", ".join(each.name for each in inputs)
        raise ValueError(f"The {name} takes {len(inputs)} inputs ({named}): make it a model of one.")


def _serialised(network: keras.Model) -> dict[str, Any]:
    """Returns a model's description without its optimizer and loss, which may be the user's own code."""
    description = keras.saving.serialize_keras_object(network)
    description.pop("compile_config", None)
    return description


def _to_last_layer(classifier: Any) -> keras.Model | None:
    """Returns the classifier without its last layer; None if its layers do not form a sequence."""
    try:
        last = classifier.layers[-1].input
        return keras.Model(classifier.inputs, last) if len(last.shape) == 2 else None
    except (AttributeError, ValueError, TypeError):
        return None
