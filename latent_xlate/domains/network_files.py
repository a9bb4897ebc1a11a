"""Keras models in files: in checkpoints of a training, and as `.keras` files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import keras
import tensorflow as tf

from latent_xlate import checks

Network = TypeVar("Network", bound=keras.Model)


def in_float32(network: Network) -> Network:
    """A copy that computes in float32. Mixed precision concerns only the training of a model."""
    copy = type(network).from_config(network.get_config() | {"dtype": "float32"})
    copy.build()
    copy.set_weights(network.get_weights())
    return copy


def checkpoint_state(network: keras.Model) -> dict[str, list[tf.Variable]]:
    """The variables that the checkpoints of `training.train` must contain in addition to the optimizer's.

    TensorFlow's checkpoints do not see layers that Keras 3 keeps in lists. They would lose the variables of such
    layers that are not trained, such as moving averages.
    """
    return {"weights": [variable.value for variable in network.variables]}


def load_network(path: str | os.PathLike, kind: type[Network], noun: str) -> Network:
    """Reads a `.keras` file.

    Args:
        path: The file.
        kind: The class that it must contain.
        noun: A noun for that class, for messages.

    Raises:
        ValueError: The file is missing or damaged, or contains another model.
    """
    if not Path(path).is_file():
        raise ValueError(f"There is no {noun} {path}.")
    try:
        network = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises errors of many kinds for damaged files.
        raise ValueError(f"{path} is damaged, or no Keras model ({checks.reason(error)}).") from None
    if not isinstance(network, kind):
        raise ValueError(f"{path} holds a {type(network).__name__}, not a {noun}.")
    return network
