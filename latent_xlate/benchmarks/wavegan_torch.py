"""The generator of WaveGAN in PyTorch, the peer of the benchmark (extra `benchmark`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

COARSEST, KERNEL_LENGTH, TAPS = 16, 25, 64


class Generator(nn.Module):
    """`WaveGANGenerator` of `domains.speech`, without batch normalisation and filter."""

    def __init__(self, weights: str | os.PathLike, half_rate: bool = False, device: str = "cpu"):
        """Reads weights that `wavegan_speed.write_weights` wrote, to a device."""
        super().__init__()
        with np.load(weights) as arrays:
            tensors = {name: torch.from_numpy(arrays[name]).to(device) for name in arrays.files}
        self.half_rate = half_rate
        self.strides = (4, 4, 4, 4, 2 if half_rate else 4)
        self.project = nn.Parameter(tensors["0_kernel"].T.contiguous()), nn.Parameter(tensors["0_bias"])
        self.kernels = [
            # Keras's are [time, out, in].
            (tensors[f"{number}_kernel"].permute(2, 1, 0).contiguous(), tensors[f"{number}_bias"])
            for number in range(1, 6)
        ]
        times = np.arange(TAPS) - (TAPS - 1) / 2
        taps = np.sinc(times) * np.kaiser(TAPS, 8.0)
        self.taps = torch.from_numpy((taps / taps.sum()).astype(np.float32)).to(device)[None, None]

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Returns slices [batch, samples] for z [batch, latent_dim]."""
        h = functional.linear(z, *self.project)
        h = torch.relu(h.view(len(z), COARSEST, -1).transpose(1, 2))
        for (kernel, bias), stride in zip(self.kernels, self.strides, strict=True):
            length = stride * h.shape[2]
            h = functional.conv_transpose1d(h, kernel, bias, stride, padding=(KERNEL_LENGTH - stride) // 2)
            h = h[..., :length]
            h = torch.tanh(h) if kernel is self.kernels[-1][0] else torch.relu(h)
        if self.half_rate:
            before = TAPS // 2 - 1
            between = functional.conv1d(functional.pad(h, (before, TAPS - 1 - before)), self.taps)
            h = torch.stack([h, between], dim=3).flatten(2)
        return h[:, 0]


def torch_generator(
    config: Mapping[str, Any], weights: str | os.PathLike, batch_size: int, *, compiled: bool, device: str = "cpu"
) -> Callable[[int], None]:
    """Returns a function that makes a number of batches of sounds, as `wavegan_speed.ours` does.

    On a GPU convolutions are in TF32, as they are in TensorFlow, and what is compiled is run as CUDA graphs.

    Args:
        config: Configuration of the generator.
        weights: File of its weights.
        batch_size: Number of sounds in a batch.
        compiled: Whether `torch.compile` compiles it.
        device: "cpu" or "cuda".
    """
    torch.backends.cuda.matmul.allow_tf32 = True
    generator: Any = Generator(weights, config.get("half_rate", False), device)
    mode = "reduce-overhead" if device == "cuda" else None
    generate = torch.compile(generator, mode=mode) if compiled else generator
    z = 2 * torch.rand(batch_size, config["latent_dim"], device=device) - 1

    def run(steps: int) -> None:
        with torch.inference_mode():
            for _ in range(steps):
                generate(z).cpu().numpy()

    return run
