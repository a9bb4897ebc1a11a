"""Any Keras models as a domain: a decoder, and where there are such an encoder and a classifier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.custom.model_domain import SPREADS, Function, ModelDomain, describe, restored_modality
from latent_xlate.domains.network_files import load_network
from latent_xlate.modalities.modality import Modality

_NETWORKS = {"encode": "encoder", "decode": "decoder", "classify": "classifier"}


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class KerasDomain(ModelDomain):
    """Keras models of one's own.

    Their layers must be Keras's, or of classes registered with it by modules that are imported
    wherever the domain is loaded; layers that hold Python code (Lambda) are refused.

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
        """Makes a domain of which all is known; see `of` for any other.

        Args:
            name: Lower-case letters, digits, underscores.
            decoder: Latents to data.
            encoder: Data to latents.
            classifier: Data to class logits, or probabilities.
            **options: Those of `ModelDomain`.
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
        data_shape: Sequence[int] | None = None,
        modality: Modality | None = None,
        invert: str = "auto",
        spread: str = SPREADS[0],
        **options: Any,
    ) -> KerasDomain:
        """Makes a domain of built models, whose shapes it finds out.

        Args:
            name: See the constructor.
            decoder: See the constructor.
            encoder: See the constructor.
            classifier: See the constructor.
            data_shape: Shape of one x, where the decoder's output does not say it.
            modality: The kind of data, where it is neither pictures nor sounds that their shape tells.
            invert: Of pictures, one of `image_files.INVERT`.
            spread: What the encoder's second output is, if it has one.
            **options: Others of `ModelDomain`: `class_names`, `dataset`.

        Raises:
            ValueError: Models that do not fit together, or another of them than its name says.
        """
        networks = {"decode": decoder, "encode": encoder, "classify": classifier}
        functions = {key: network for key, network in networks.items() if network is not None}
        for key, network in functions.items():
            if not isinstance(network, keras.Model) or not network.built:
                raise ValueError(f"The {_NETWORKS[key]} is no Keras model that is built: call it once, or load it.")
        try:
            latent_shape = decoder.input_shape[1:]
        except AttributeError:
            raise ValueError("The decoder's input is not known: make it of layers, keras.Input first.") from None
        found = describe(
            functions, latent_shape, data_shape=data_shape, modality=modality, invert=invert, spread=spread
        )
        return cls(name, decoder, encoder, classifier, **found, **options)

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
        return cls(**(restored_modality(config) | networks))


def load_parts(
    autoencoder: str | os.PathLike | None = None, **paths: str | os.PathLike | None
) -> dict[str, keras.Model]:
    """Reads the models of a domain.

    Args:
        autoencoder: A `.keras` file whose parts, attributes or layers, are called `encoder` and `decoder`.
        **paths: `.keras` files by name: `encoder`, `decoder`, `classifier`; None where there is none.

    Returns:
        Models by name.

    Raises:
        ValueError: A file is missing, damaged or unsafe, or has no such part; no decoder.
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
        raise ValueError(f"{path} has no model called {name!r} in it, but {parts}: give --encoder and --decoder.")
    return part


def _serialised(network: keras.Model) -> dict[str, Any]:
    """A model's description without what it was trained by, which may be code of one's own."""
    description = keras.saving.serialize_keras_object(network)
    description.pop("compile_config", None)
    return description


def _to_last_layer(classifier: Any) -> keras.Model | None:
    """The classifier without its last layer, if it is made of layers one after the other."""
    try:
        last = classifier.layers[-1].input
        return keras.Model(classifier.inputs, last) if len(last.shape) == 2 else None
    except (AttributeError, ValueError, TypeError):
        return None
