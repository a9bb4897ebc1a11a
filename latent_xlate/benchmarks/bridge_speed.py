"""How fast the bridge trains, against Keras's `fit`, PyTorch, and the time of its matrix products alone."""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import distribution, training_steps
from latent_xlate.benchmarks import timing
from latent_xlate.benchmarks.remote import RemoteFunction
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.optimizer import FusedAdam

SIZES: Mapping[str, dict[str, Any]] = {
    "4x512": {"shared_dim": 8, "hidden_units": (512,) * 4},
    "8x1024": {"shared_dim": 16, "hidden_units": (1024,) * 8},
}
LATENT_DIM, NUM_CLASSES, BATCH_SIZE = 100, 10, 128

_TORCH = "latent_xlate.benchmarks.bridge_torch"


def benchmark(seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """Measures and prints, for each size, the steps a second of every contender.

    Where TensorFlow sees a GPU, it is measured, and there is no roofline: launches, not products, take the time there.

    Args:
        seconds: Approximate length of a round.
        rounds: Number of rounds. The best round of each contender counts.

    Returns:
        Steps a second, by size and contender. One contender is "roofline", the matrix products alone.
    """
    if not importlib.util.find_spec("torch"):
        print("PyTorch is not installed (pip install 'latent_xlate[benchmark]'); it is left out.")
    return _on_gpu(seconds, rounds) if distribution.compiles_steps() else _on_cpu(seconds, rounds)


def _on_gpu(seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    results = {}
    for size in SIZES:
        with contextlib.ExitStack() as children:
            contenders = {name: children.enter_context(child) for name, child in _contenders(size).items()}
            trial = timing.steps_per_second(contenders, training_steps.STEPS_AT_ONCE, 2)
            results[size] = timing.steps_per_second(contenders, max(1, int(seconds * min(trial.values()))), rounds)
        peers = [rate for name, rate in results[size].items() if name.startswith("PyTorch")]
        print(f"\n{size}: training steps a second, {BATCH_SIZE} + {BATCH_SIZE} latents a step")
        for name, rate in results[size].items():
            share = f"   {rate / max(peers):5.2f} of PyTorch's best" if peers else ""
            print(f"  {name:30s} {rate:8.1f}{share}", flush=True)
    return results


def _on_cpu(seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    makers = [f"{__name__}:product_timer"]
    if importlib.util.find_spec("torch"):
        makers.append(f"{_TORCH}:product_timer")
    results = {}
    for size in SIZES:
        with contextlib.ExitStack() as children:
            timers = [children.enter_context(RemoteFunction(maker)) for maker in makers]
            contenders = {name: children.enter_context(child) for name, child in _contenders(size).items()}
            products = products_of_step(_bridge(size, "float32"), 2 * BATCH_SIZE)
            roofline = roofline_seconds(products, timers)
            rates = timing.steps_per_second(contenders, max(1, int(seconds / roofline)), rounds)
            # Timed twice, so that a machine that became faster meanwhile does not flatter the shares.
            rates = {"roofline": 1 / min(roofline, roofline_seconds(products, timers)), **rates}
        results[size] = rates
        print(f"\n{size}: training steps a second, {BATCH_SIZE} + {BATCH_SIZE} latents a step")
        for name, rate in rates.items():
            print(f"  {name:30s} {rate:8.1f}   {rate / rates['roofline']:5.2f} of the roofline", flush=True)
    return results


def _contenders(size: str) -> dict[str, RemoteFunction]:
    contenders = {
        "latent_xlate": RemoteFunction(f"{__name__}:ours", size=size),
        "latent_xlate, bfloat16": RemoteFunction(f"{__name__}:ours", size=size, precision="mixed_bfloat16"),
        "Keras fit": RemoteFunction(f"{__name__}:keras_fit", size=size),
    }
    if importlib.util.find_spec("torch"):
        in_torch = functools.partial(
            RemoteFunction,
            f"{_TORCH}:torch_trainer",
            latent_dim=LATENT_DIM,
            num_classes=NUM_CLASSES,
            batch_size=BATCH_SIZE,
            device="cuda" if distribution.compiles_steps() else "cpu",
            **SIZES[size],
        )
        contenders |= {
            "PyTorch, eager": in_torch(compiled=False, fused=False),
            "PyTorch, fused Adam": in_torch(compiled=False, fused=True),
            "PyTorch, compiled": in_torch(compiled=True, fused=True),
            "PyTorch, compiled, bfloat16": in_torch(compiled=True, fused=True, bfloat16=True),
        }
    return contenders


# ---- The roofline -----------------------------------------------------------------------------


def products_of_step(bridge: BridgingVAE, rows: int) -> list[timing.Product]:
    """The matrix products of one training step.

    Args:
        bridge: A built bridge between latents of one size, with the linear classifier.
        rows: Number of rows of the stacked batch.

    Returns:
        For each kernel: the forward product, the gradient of the kernel and, if its input depends on a parameter,
        the gradient of the input. Then the products of the random projections.
    """
    encoder_inputs = {id(bridge.encoder_hidden.layers[0].kernel), id(bridge.encoder_mixing.mixed.kernel)}
    products = []
    for kernel in (weight for weight in bridge.trainable_weights if len(weight.shape) == 2):
        inputs, outputs = kernel.shape
        products += [(rows, inputs, outputs), (inputs, rows, outputs)]
        if id(kernel) not in encoder_inputs:
            products.append((rows, outputs, inputs))
    num_projections, shared_dim = bridge.config.num_projections, bridge.shared_dim
    return [*products, (num_projections, shared_dim, rows), (rows, num_projections, shared_dim)]


def roofline_seconds(
    products: Sequence[timing.Product], timers: Iterable[Callable[[Sequence[timing.Product]], list[float]]]
) -> float:
    """Returns the sum of the products' times, each the shortest of all timers, in seconds."""
    counts = collections.Counter(products)
    best = np.min([timer(list(counts)) for timer in timers], axis=0)
    return float(np.dot(best, list(counts.values())))


def product_timer() -> Callable[[Sequence[timing.Product]], list[float]]:
    """Returns a timer of products by TensorFlow's kernels, in each layout of the operands, and by NumPy's."""

    def candidates(a: np.ndarray, b: np.ndarray) -> Iterable[Callable[[], Any]]:
        for transpose_a, transpose_b in ((False, False), (True, False), (False, True)):
            x, y = tf.constant(a.T if transpose_a else a), tf.constant(b.T if transpose_b else b)
            # Not in a graph, which would compute equal products once.
            yield functools.partial(tf.matmul, x, y, transpose_a=transpose_a, transpose_b=transpose_b)
        yield functools.partial(np.matmul, a, b)

    return timing.product_timer(candidates)


# ---- Contenders -------------------------------------------------------------------------------


def ours(size: str, precision: str = "float32") -> Callable[[int], None]:
    """Returns a function that runs a number of steps of this project's training loop."""
    distribution.share_cores()
    bridge = _bridge(size, precision)
    batches = make_batches(_latents(), NUM_CLASSES, "balanced", 0)
    train_steps = training_steps.train_function(bridge, batches, BATCH_SIZE)

    def run(steps: int) -> None:
        train_steps(tf.constant(0, tf.int64), tf.constant(steps, tf.int64))
        bridge.optimizer.iterations.numpy()

    return run


def keras_fit(size: str) -> Callable[[int], None]:
    """Returns a function that runs a number of steps by Keras's `fit` with Keras's Adam, on the same latents."""
    bridge = _bridge(size, "float32", keras.optimizers.Adam(1e-3))
    first, second = _latents()
    arrays = ((first.mu, first.sigma), (second.mu, second.sigma)), (first.labels, second.labels)
    dataset = tf.data.Dataset.from_tensor_slices(arrays).shuffle(len(first)).repeat().batch(BATCH_SIZE).prefetch(2)
    return lambda steps: bridge.fit(dataset, steps_per_epoch=steps, verbose=0) and None


def _latents() -> list[Latents]:
    generator = np.random.default_rng(0)
    shape = (10_000, LATENT_DIM)

    def domain() -> Latents:
        mu = generator.standard_normal(shape, dtype=np.float32)
        return Latents(mu, np.full(shape, 0.1, np.float32), np.arange(len(mu), dtype=np.int32) % NUM_CLASSES)

    return [domain(), domain()]


def _bridge(size: str, precision: str, optimizer: keras.optimizers.Optimizer | None = None) -> BridgingVAE:
    keras.utils.set_random_seed(0)
    bridge = BridgingVAE([LATENT_DIM, LATENT_DIM], NUM_CLASSES, dtype=precision, **SIZES[size])
    bridge.build()
    bridge.compile(optimizer=optimizer or FusedAdam(1e-3), **training_steps.compile_options(of_rows=True))
    bridge.optimizer.build(bridge.trainable_variables)
    return bridge
