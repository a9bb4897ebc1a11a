"""Speed of a WaveGAN's generator, beside the same network with the same weights in PyTorch."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import distribution, files
from latent_xlate.benchmarks import timing
from latent_xlate.benchmarks.remote import RemoteFunction
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE

SIZES: Mapping[str, dict[str, Any]] = {
    "the original's": {"latent_dim": 100, "dim": 64},
    "compact": {"latent_dim": 32, "dim": 16, "half_rate": True},
}
BATCH_SIZES = (1, 64)
GPU_BATCH_SIZES = (1, 64, 256)

_TORCH = "latent_xlate.benchmarks.wavegan_torch"


def benchmark(seconds: float, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Measures and prints the speed of every contender, for each size and batch size.

    Args:
        seconds: Approximate length of a round.
        rounds: Number of rounds; the best of each contender counts.

    Returns:
        Samples a second, by size, batch size and contender.
    """
    if not importlib.util.find_spec("torch"):
        print("PyTorch is not installed (pip install 'latent_xlate[benchmark]'); it is left out.")
    results: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size, config in SIZES.items():
            weights = write_weights(Path(folder) / "weights.npz", config)
            for batch_size in GPU_BATCH_SIZES if distribution.compiles_steps() else BATCH_SIZES:
                with contextlib.ExitStack() as children:
                    contenders = {
                        name: children.enter_context(RemoteFunction(maker, **options))
                        for name, (maker, options) in _contenders(config, weights, batch_size).items()
                    }
                    (once,) = timing.steps_per_second({"": contenders["latent_xlate"]}, 1, 3).values()
                    rates = timing.steps_per_second(contenders, max(1, int(seconds * once)), rounds)
                samples = {name: rate * batch_size * NUM_SAMPLES for name, rate in rates.items()}
                results.setdefault(size, {})[str(batch_size)] = samples
                print(f"\n{size} generator, batch {batch_size}: samples a second, and times real time")
                for name, rate in samples.items():
                    print(f"  {name:24s} {rate:12.0f}   {rate / SAMPLE_RATE:7.1f}", flush=True)
    return results


def _contenders(config: Mapping[str, Any], weights: Path, batch_size: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Returns the maker of each contender, as `RemoteFunction` takes it, and its arguments."""
    options = {"config": config, "weights": str(weights), "batch_size": batch_size}
    contenders: dict[str, tuple[str, dict[str, Any]]] = {"latent_xlate": (f"{__name__}:ours", options)}
    if importlib.util.find_spec("torch"):
        in_torch = options | {"device": "cuda" if distribution.compiles_steps() else "cpu"}
        contenders |= {
            "PyTorch, eager": (f"{_TORCH}:torch_generator", in_torch | {"compiled": False}),
            "PyTorch, compiled": (f"{_TORCH}:torch_generator", in_torch | {"compiled": True}),
        }
    return contenders


def write_weights(path: Path, config: Mapping[str, Any]) -> Path:
    """Writes the weights of a new generator, as `<layer>_kernel` and `<layer>_bias` with the number of the layer."""
    keras.utils.set_random_seed(0)
    generator = WaveGANGenerator(**config)
    generator.build()
    layers = [generator.z_project, *generator.upconvs, generator.waveform]
    arrays = {
        f"{number}_{name}": np.asarray(getattr(layer, name))
        for number, layer in enumerate(layers)
        for name in ("kernel", "bias")
    }
    return files.write_npz(path, arrays, compress=False)


def ours(config: Mapping[str, Any], weights: str | os.PathLike, batch_size: int) -> Callable[[int], None]:
    """Returns a function that makes a number of batches of sounds, each from latents to samples in memory."""
    generator = WaveGANGenerator(**config)
    generator.build()
    with np.load(weights) as arrays:
        for number, layer in enumerate([generator.z_project, *generator.upconvs, generator.waveform]):
            layer.set_weights([arrays[f"{number}_kernel"], arrays[f"{number}_bias"]])
    spec = tf.TensorSpec([batch_size, generator.latent_dim], tf.float32)
    compiles = distribution.compiles_steps()
    generate = tf.function(generator.call, input_signature=[spec], autograph=False, jit_compile=compiles)
    z = tf.random.stateless_uniform(spec.shape, [0, 0], -1.0, 1.0)

    def run(steps: int) -> None:
        for _ in range(steps):
            generate(z).numpy()

    return run
