"""How fast the bridge trains, against Keras's `fit`, PyTorch, and the time of its matrix products alone."""

from __future__ import annotations

import collections
import dataclasses
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import training
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.latents import Latents, make_batches
from latent_xlate.optimizer import FusedAdam

SIZES: Mapping[str, dict[str, Any]] = {
    "4x512": {"shared_dim": 8, "hidden_units": (512,) * 4},
    "8x1024": {"shared_dim": 16, "hidden_units": (1024,) * 8},
}
LATENT_DIM, NUM_CLASSES, BATCH_SIZE = 100, 10, 128


@dataclasses.dataclass(frozen=True)
class Product:
    """A matrix product [m, k] x [k, n] of a training step."""

    m: int
    k: int
    n: int

    @property
    def flop(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.k * self.n


def products_of_step(bridge: BridgingVAE, rows: int) -> list[Product]:
    """The matrix products of one training step.

    Args:
        bridge: Built, of latents of one size and with the linear classifier.
        rows: Of the stacked batch.

    Returns:
        For each kernel the forward product and the gradient of the kernel, and the gradient of the
        input where the input depends on a parameter; and those of the projections.
    """
    encoder_inputs = {id(bridge.encoder_hidden.layers[0].kernel), id(bridge.encoder_mixing.mixed.kernel)}
    products = []
    for kernel in (weight for weight in bridge.trainable_weights if len(weight.shape) == 2):
        inputs, outputs = kernel.shape
        products += [Product(rows, inputs, outputs), Product(inputs, rows, outputs)]
        if id(kernel) not in encoder_inputs:
            products.append(Product(rows, outputs, inputs))
    projections = Product(bridge.num_projections, bridge.shared_dim, rows)
    return [*products, projections, Product(rows, bridge.num_projections, bridge.shared_dim)]


def best_product_seconds(product: Product, repeats: int = 20) -> float:
    """The shortest time of a product, over TensorFlow's and numpy's kernels and the layouts of the operands."""
    generator = np.random.default_rng(0)
    a = generator.standard_normal((product.m, product.k), dtype=np.float32)
    b = generator.standard_normal((product.k, product.n), dtype=np.float32)
    inner = int(np.clip(1e8 // product.flop, 1, 50))

    def in_tensorflow(transpose_a: bool, transpose_b: bool) -> Callable[[], None]:
        x, y = tf.constant(a.T if transpose_a else a), tf.constant(b.T if transpose_b else b)

        def multiply() -> None:  # Eagerly: a graph would compute equal products once.
            for _ in range(inner):
                tf.matmul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)

        return multiply

    def in_numpy() -> None:
        for _ in range(inner):
            np.matmul(a, b)

    candidates = [in_tensorflow(False, False), in_tensorflow(True, False), in_tensorflow(False, True), in_numpy]
    return min(_best_seconds(candidate, repeats) for candidate in candidates) / inner


def roofline_seconds(size: str) -> float:
    """The sum of the shortest times of a training step's matrix products."""
    bridge = _bridge(size, "float32")
    counts = collections.Counter(products_of_step(bridge, 2 * BATCH_SIZE))
    return sum(count * best_product_seconds(product) for product, count in counts.items())


def ours(size: str, precision: str = "float32") -> Callable[[int], None]:
    """This project's training loop: a function that runs so many steps."""
    bridge = _bridge(size, precision)
    train_steps = training.train_function(bridge, make_batches(_latents(), NUM_CLASSES, "balanced", 0), BATCH_SIZE)

    def run(steps: int) -> None:
        train_steps(tf.constant(0, tf.int64), tf.constant(steps, tf.int64))
        bridge.optimizer.iterations.numpy()

    return run


def keras_fit(size: str) -> Callable[[int], None]:
    """Keras's `fit` as it comes, with Keras's own Adam, on the same latents."""
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
    bridge.compile(optimizer=optimizer or FusedAdam(1e-3), jit_compile=False)
    bridge.optimizer.build(bridge.trainable_variables)
    return bridge


def _best_seconds(function: Callable[[], Any], repeats: int) -> float:
    function()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def steps_per_second(contenders: Mapping[str, Callable[[int], None]], steps: int, rounds: int) -> dict[str, float]:
    """Times contenders in turn, so that a slow spell of the machine meets all of them.

    Args:
        contenders: Name to a function that runs so many steps.
        steps: A round's.
        rounds: How many; the best counts.

    Returns:
        Name to steps a second.
    """
    best = dict.fromkeys(contenders, np.inf)
    for run in contenders.values():
        run(steps)
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run(steps)
            best[name] = min(best[name], time.perf_counter() - start)
    return {name: steps / seconds for name, seconds in best.items()}


def benchmark(seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """Measures and prints, for each size, the steps a second of every contender.

    Args:
        seconds: Length of a round, about.
        rounds: How many.

    Returns:
        Size to contender to steps a second; "roofline" among them.
    """
    results = {}
    for size in SIZES:
        contenders = {
            "latent_xlate": ours(size),
            "latent_xlate, bfloat16": ours(size, "mixed_bfloat16"),
            "Keras fit": keras_fit(size),
            **_torch_contenders(size),
        }
        roofline = roofline_seconds(size)
        steps = max(1, int(seconds / roofline))
        rates = {"roofline": 1 / roofline} | steps_per_second(contenders, steps, rounds)
        # The products once more, so that a machine that sped up meanwhile does not flatter the shares.
        rates["roofline"] = max(rates["roofline"], 1 / roofline_seconds(size))
        results[size] = rates
        print(f"\n{size}: training steps a second, {BATCH_SIZE} + {BATCH_SIZE} latents a step")
        for name, rate in rates.items():
            print(f"  {name:24s} {rate:8.1f}   {rate / rates['roofline']:5.2f} of the roofline")
    return results


def _torch_contenders(size: str) -> dict[str, Callable[[int], None]]:
    try:
        from latent_xlate.evaluation import bridge_torch
    except ImportError:
        print("PyTorch is not installed (pip install 'latent_xlate[benchmark]'); it is left out.")
        return {}
    make = functools.partial(bridge_torch.torch_trainer, LATENT_DIM, NUM_CLASSES, BATCH_SIZE, **SIZES[size])
    return {
        "PyTorch, eager": make(compiled=False, fused=False),
        "PyTorch, fused Adam": make(compiled=False, fused=True),
        "PyTorch, compiled": make(compiled=True, fused=True),
    }
