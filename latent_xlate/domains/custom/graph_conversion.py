"""Networks of ONNX and PyTorch brought into TensorFlow, so that an export serves them whole.

A program of `torch.export` becomes ONNX, ONNX becomes Keras layers (onnx2keras), and these one SavedModel. Needs the
extra `onnx`, and for PyTorch the extra `torch`. What comes out is compared with the files: no conversion is trusted.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate.checks import reason
from latent_xlate.domains.custom.model_domain import ModelDomain
from latent_xlate.domains.custom.model_file import ModelFile, quiet
from latent_xlate.domains.custom.model_files_domain import ModelFilesDomain
from latent_xlate.domains.custom.model_outputs import Key, chosen
from latent_xlate.domains.custom.onnx_files import OnnxFile
from latent_xlate.domains.custom.saved_model_domain import FOLDER, SavedModelDomain
from latent_xlate.domains.custom.torch_files import ExportedProgram, import_torch

TOLERANCE = 1e-4
"""Largest difference between the outputs of a network and of its conversion, as a share of the largest output."""

_NUM_COMPARED = 16


class ConversionError(Exception):
    """A network cannot be brought into TensorFlow; the message is the reason, without a full stop."""


def in_graph(domain: ModelFilesDomain) -> SavedModelDomain:
    """The same domain, with its networks in a graph of TensorFlow.

    Args:
        domain: The domain of files.

    Returns:
        A domain that encodes, decodes and classifies as that one does, to float32's precision.

    Raises:
        ConversionError: There is no way for a network, or what it becomes computes something else.
    """
    networks = {key: _converted(file) for key, file in domain.opened.items()}
    shapes = {"encode": domain.model_shape, "decode": domain.latent_shape, "classify": domain.model_shape}
    module = tf.Module()
    module.weights = [variable.value for network in networks.values() for variable in network.variables]
    for key, network in networks.items():
        given = tf.TensorSpec([None, *shapes[key]], tf.float32)
        function = functools.partial(_outputs, network, domain.outputs.get(key, ()))
        setattr(module, key, tf.function(function, [given], autograph=False))
    config = domain.get_config()
    for name in ("files", "num_classes", "batch_size"):
        del config[name]
    # Functions return what counts alone, so of several outputs the first ones do.
    config["outputs"] = {key: list(range(len(keys))) for key, keys in domain.outputs.items()}
    converted = SavedModelDomain.from_config(config | {"functions": list(networks)})
    # The folder has to be there until the domain is saved, and goes with it.
    converted.origin = tempfile.TemporaryDirectory(prefix="latent_xlate_converted_")
    try:
        with quiet():
            tf.saved_model.save(module, str(Path(converted.origin.name) / FOLDER))
    except Exception as error:  # Whatever a network's layers cannot do in a graph raises exceptions of many kinds.
        raise ConversionError(reason(error).rstrip(".")) from error
    converted.load_models(Path(converted.origin.name))
    _compare(domain, converted)
    if domain.shared_judge is not None:
        converted.share_judge(domain.shared_judge.domain)
    return converted


def in_graph_if_possible(domain: ModelFilesDomain) -> ModelDomain:
    """Returns what `in_graph` makes of a domain, or the domain itself, and says on stderr which it is and why."""
    try:
        converted = in_graph(domain)
    except ConversionError as error:
        print(
            f"The networks stay in their files, and run beside TensorFlow ({error}): an export has the signatures of "
            "their latents.",
            file=sys.stderr,
        )
        return domain
    print("The networks are brought into TensorFlow: an export serves them whole.", file=sys.stderr)
    return converted


def _outputs(network: keras.Model, keys: Sequence[Key], x: tf.Tensor) -> Any:
    """The outputs of a network that count, or its only one."""
    outputs = network([x], training=False)
    return tuple(chosen(outputs, keys)) if keys else tf.nest.flatten(outputs)[0]


def _converted(file: ModelFile) -> keras.Model:
    """The network in Keras layers, of all outputs in the same order."""
    needed = [*OnnxFile.packages, "onnx2keras", *(["onnxscript"] if isinstance(file, ExportedProgram) else [])]
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        raise ConversionError(f"{' and '.join(missing)} is not installed: pip install 'latent_xlate[onnx,torch]'")
    if file.batch_size is not None:
        raise ConversionError(f"{file.path.name} takes batches of {file.batch_size} alone: export it with any batch")
    try:
        with quiet():
            return _to_keras(_as_onnx(file))
    except ConversionError:
        raise
    except Exception as error:  # Whatever the converters do not know raises many kinds of exceptions.
        raise ConversionError(f"{file.path.name}: {reason(error)}".rstrip(".")) from error


def _as_onnx(file: ModelFile) -> Any:
    import onnx

    if isinstance(file, OnnxFile):
        return onnx.load(file.path)
    if not isinstance(file, ExportedProgram):
        raise ConversionError(f"{file.path.name} is TorchScript: write it by torch.export.save to have it in the graph")
    program = import_torch().onnx.export(file.program, dynamo=True, verbose=False)
    assert program is not None
    return program.model_proto


def _to_keras(model: Any) -> keras.Model:
    from onnx2keras import onnx_to_keras

    return onnx_to_keras(model, [each.name for each in model.graph.input], verbose=False)


def _compare(domain: ModelFilesDomain, converted: ModelDomain) -> None:
    generator = np.random.default_rng(0)
    z = tf.constant(generator.normal(size=[_NUM_COMPARED, domain.latent_dim]).astype(np.float32))
    x = domain.decode(z)
    calls = [("decode", z)]
    calls += [("encode", x)] if domain.has_encoder else []
    calls += [("classify", x)] if "classify" in domain.opened else []
    for name, given in calls:
        pairs = zip(
            *(tf.nest.flatten(getattr(each, name)(given)) for each in (domain, converted)),
            strict=True,
        )
        for ours, theirs in pairs:
            difference = float(tf.reduce_max(abs(ours - theirs)))
            if not difference <= TOLERANCE * max(1.0, float(tf.reduce_max(abs(ours)))):
                raise ConversionError(f"{name} gives numbers that differ by {difference:.2g}")
