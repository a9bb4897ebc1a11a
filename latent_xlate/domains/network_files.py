"""Keras models in files: in checkpoints of a training, as `.keras` files, and their weights as `.npz` files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks, files

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


def write_weights(network: keras.Model, path: Path, dtype: str = "float32") -> None:
    """Writes the weights of a network, atomically.

    The file is no HDF5 file, since the HDF5 library crashes the process when the disk is full.

    Args:
        network: The network.
        path: A `.npz` file.
        dtype: Type of the stored weights.

    Raises:
        ValueError: A weight is too large for `dtype`, or not finite.
    """
    with np.errstate(over="ignore"):
        arrays = {f"{i:03}": weight.astype(dtype) for i, weight in enumerate(network.get_weights())}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(
            f"Weights of {path.stem} are too large for {dtype}, or not finite: save them as float32, or train again."
        )
    # Compressing float32 takes seconds and saves only a tenth.
    files.write_npz(path, arrays, compress=dtype == "float16")


def read_weights(network: keras.Model, path: Path) -> None:
    """Gives a network the weights that `write_weights` wrote, or an earlier version as a `.weights.h5` file.

    Where there is no such file, it takes the `.safetensors` beside its place, as domains have them on the Hugging Face
    Hub.

    Raises:
        ValueError: The file is missing or damaged, or does not fit the network.
    """
    try:
        if path.suffix == ".h5":
            network.load_weights(path)
            return
        others = path.with_suffix(".safetensors")
        if others.is_file() and not path.exists():
            path, arrays = others, _read_safetensors(others)
        else:
            with np.load(path, allow_pickle=False) as stored:
                arrays = dict(stored)
        network.set_weights([arrays[name].astype(np.float32) for name in sorted(arrays)])
    except FileNotFoundError:
        raise ValueError(f"Weights {path} are missing.") from None
    except Exception as error:  # Damaged zip files raise many kinds of exceptions.
        raise ValueError(f"{path} does not hold the weights of {network.name}, or is damaged ({error}).") from None


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(path)
