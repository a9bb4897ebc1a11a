"""Keras models as files: what checkpoints keep, what is written for use, and what is read, or else named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import keras
import tensorflow as tf

from latent_xlate import checks

Network = TypeVar("Network", bound=keras.Model)


def in_float32(network: Network) -> Network:
    """A copy that computes in float32: mixed precision is a matter of training, not of those who use the model."""
    copy = type(network).from_config(network.get_config() | {"dtype": "float32"})
    copy.build()
    copy.set_weights(network.get_weights())
    return copy


def checkpoint_state(network: keras.Model) -> dict[str, list[tf.Variable]]:
    """What `training.train` has to keep of a network beside the weights that its optimizer knows.

    A checkpoint of TensorFlow does not see the layers that Keras 3 keeps in lists; of these it would
    lose what is not trained: a moving average, say.
    """
    return {"weights": [variable.value for variable in network.variables]}


def load_network(path: str | os.PathLike, kind: type[Network], what: str) -> Network:
    """Reads a `.keras` file.

    Args:
        path: The file.
        kind: The class that it is to hold.
        what: What that is called, for messages.

    Raises:
        ValueError: The file is missing or damaged, or holds another model.
    """
    if not Path(path).is_file():
        raise ValueError(f"There is no {what} {path}.")
    try:
        network = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Whatever Keras may raise over a damaged file.
        raise ValueError(f"{path} is damaged, or no Keras model ({checks.reason(error)}).") from None
    if not isinstance(network, kind):
        raise ValueError(f"{path} holds a {type(network).__name__}, not a {what}.")
    return network
