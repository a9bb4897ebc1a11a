"""Checks that every Keras model and layer of the project has to pass."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import distribution, training, training_steps
from latent_xlate.optimizer import FusedAdam
from tests.support.tolerances import approx, assert_close

MATRIX_LAYERS = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D)
"""Layers whose work is worth computing in low precision."""

_LOADER = """
import sys
import keras, numpy as np
from latent_xlate import baselines, translator  # Registers the classes, as the next ones do.
from latent_xlate.bridge import latent_classifier
from latent_xlate.domains.speech import keyword_spotter, speech_classifier, speech_encoder
from latent_xlate.domains.speech import spectrogram_discriminator, wavegan_discriminator, word_encoder

for line in sys.stdin:
    folder = line.strip()
    inputs = list(np.load(folder + "/inputs.npz").values())
    model = keras.saving.load_model(folder + "/model.keras", safe_mode=True)
    outputs = model(inputs[0] if len(inputs) == 1 else inputs)
    np.savez(folder + "/outputs.npz", *(outputs if isinstance(outputs, (list, tuple)) else [outputs]))
    print("done", flush=True)
"""


@functools.cache
def _loader() -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", _LOADER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.kill)
    return process


def flat(outputs) -> list[np.ndarray]:
    """What a model returns, as a list of arrays."""
    return [np.asarray(output) for output in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def built(model: keras.Model) -> keras.Model:
    """`model` with biases that are not zero, and moving averages that are not those of a new one."""
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([weight + 0.1 * generator.uniform(size=weight.shape) for weight in model.get_weights()])
    return model


def check_saving(model: keras.Model, inputs: np.ndarray | Sequence[np.ndarray], folder: Path) -> None:
    """Saves `model` as `.keras` and reads it again, here and in a process that never saw it."""
    expected = flat(model(inputs))
    model.save(folder / "model.keras")

    again = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    assert type(again) is type(model)
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())
    for ours, theirs in zip(flat(again(inputs)), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)

    np.savez(folder / "inputs.npz", *flat(inputs))
    process = _loader()
    print(folder, file=process.stdin, flush=True)
    assert process.stdout.readline() == "done\n"
    with np.load(folder / "outputs.npz") as outputs:
        for ours, theirs in zip(outputs.values(), expected, strict=True):
            assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def check_mixed_precision(
    make: Callable[[str], keras.Model], use: Callable[[keras.Model], object], tolerance: float = 0.03
) -> None:
    """Compares a model in mixed_bfloat16 with the same in float32.

    Args:
        make: Makes the model, built, by dtype policy.
        use: Gives the outputs to compare.
        tolerance: Of the outputs, absolute and relative.
    """
    exact, mixed = make("float32"), make("mixed_bfloat16")
    mixed.set_weights(exact.get_weights())
    assert {variable.dtype for variable in mixed.variables} == {"float32"}
    layers = [layer for layer in mixed._flatten_layers() if isinstance(layer, MATRIX_LAYERS)]
    assert any(layer.compute_dtype == "bfloat16" for layer in layers)
    for expected, output in zip(flat(use(exact)), flat(use(mixed)), strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, expected, rtol=tolerance, atol=tolerance)
        assert not np.array_equal(output, expected), "computed in float32"


def check_mirrored(make: Callable[[], keras.Model], make_batch: training_steps.MakeBatch, atol: float = 1e-6) -> None:
    """Trains a model on two replicas, and alike on one device, which must give the same losses and weights.

    So large an epsilon makes Adam's steps nearly proportional to the gradients, whose differences it would hide.
    """
    start = make().get_weights()
    results = []
    for strategy in (distribution.make_strategy("default"), distribution.make_strategy("mirrored")):
        with strategy.scope():
            model = make()
            model.set_weights(start)
            model.compile(optimizer=FusedAdam(0.1, epsilon=0.1), jit_compile=False)
        logs = []
        training.train(
            model,
            make_batch,
            num_steps=5,
            batch_size=16,
            strategy=strategy,
            steps_per_log=2,
            on_log=lambda step, values, logs=logs: logs.append(values) or {},
        )
        results.append((strategy.num_replicas_in_sync, logs, model.get_weights()))
    (_, logs, weights), (num_replicas, mirrored_logs, mirrored_weights) = results
    assert num_replicas == 2
    for ours, theirs in zip(mirrored_logs, logs, strict=True):
        assert ours == approx(theirs, rel=1e-5, abs=1e-6)
    for ours, theirs in zip(mirrored_weights, weights, strict=True):
        assert_close(ours, theirs, rtol=1e-5, atol=atol)
    assert max(np.abs(theirs - began).max() for theirs, began in zip(weights, start, strict=True)) > 1e-2


def op_types(function: Callable, *args) -> set[str]:
    """Types of all operations in the graph that `function` becomes."""
    graph = tf.function(function, autograph=False).get_concrete_function(*args).graph
    functions = graph.as_graph_def().library.function
    return {op.type for op in graph.get_operations()} | {node.op for f in functions for node in f.node_def}
