"""The bridge's training step in PyTorch, the peer of the benchmark (extra `benchmark`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from latent_xlate.benchmarks import timing

NUM_PROJECTIONS = 64


class GatedMixing(nn.Module):
    """The same layer as `latent_xlate.layers.GatedMixing`."""

    def __init__(self, z_size: int, h_size: int, units: int):
        """Takes the sizes of z, of h and of the output."""
        super().__init__()
        self.mixed = nn.Linear(z_size, units)
        self.change_and_gates = nn.Linear(h_size, 2 * units)

    def forward(self, z: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        change, gates = self.change_and_gates(h).chunk(2, dim=-1)
        mixed = self.mixed(z)
        return mixed + torch.sigmoid(gates) * (change - mixed)


def _hidden(inputs: int, units: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for outputs in units:
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers)


class Bridge(nn.Module):
    """The network and losses of `BridgingVAE` for two domains, with the loss weights of the paper."""

    def __init__(self, latent_dim: int, num_classes: int, shared_dim: int, hidden_units: Sequence[int]):
        """Takes sizes as `BridgingVAE` does."""
        super().__init__()
        self.shared_dim = shared_dim
        self.encoder_hidden = _hidden(latent_dim + 2, hidden_units)
        self.encoder_mixing = GatedMixing(latent_dim + 2, hidden_units[-1], 2 * shared_dim)
        self.decoder_hidden = _hidden(shared_dim + 2, hidden_units)
        self.decoder_mixing = GatedMixing(shared_dim + 2, hidden_units[-1], latent_dim)
        self.classifier = nn.Linear(shared_dim, num_classes)

    def forward(self, z: torch.Tensor, domain: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Returns the loss of z [2 batch, latent_dim], with one-hot domains [2 batch, 2] and labels [2 batch]."""
        inputs = torch.cat([z, domain], dim=-1)
        mu, raw_sigma = self.encoder_mixing(inputs, self.encoder_hidden(inputs)).chunk(2, dim=-1)
        sigma = functional.softplus(raw_sigma)
        z_shared = mu + sigma * torch.randn_like(sigma)
        shared = torch.cat([z_shared, domain], dim=-1)
        decoded = self.decoder_mixing(shared, self.decoder_hidden(shared))
        reconstruction = 2 * (z - decoded).square().mean()
        kl = 2 * 0.5 * (mu.square() + sigma.square() - 1 - 2 * sigma.log()).sum(-1).mean()
        directions = functional.normalize(torch.randn(self.shared_dim, NUM_PROJECTIONS, device=z.device), dim=0)
        projected = (z_shared @ directions).reshape(2, -1, NUM_PROJECTIONS).sort(dim=1).values
        swd = (projected[0] - projected[1]).square().mean()
        return reconstruction + 0.05 * kl + swd + 0.05 * 2 * functional.cross_entropy(self.classifier(z_shared), labels)


def torch_trainer(
    latent_dim: int,
    num_classes: int,
    batch_size: int,
    shared_dim: int,
    hidden_units: Sequence[int],
    *,
    compiled: bool,
    fused: bool,
    bfloat16: bool = False,
    device: str = "cpu",
) -> Callable[[int], None]:
    """Returns a function that runs a number of training steps, on 10,000 latents of each domain in memory.

    On a GPU products are in TF32, as they are in TensorFlow, and what is compiled is run as CUDA graphs.

    Args:
        latent_dim: Size of the latents.
        num_classes: Number of classes.
        batch_size: Batch size of each domain.
        shared_dim: Size of the shared latent.
        hidden_units: Widths of the layers.
        compiled: Whether `torch.compile` compiles network and losses.
        fused: Whether Adam is PyTorch's fused implementation.
        bfloat16: Whether products are in bfloat16, by PyTorch's autocast.
        device: "cpu" or "cuda".
    """
    torch.manual_seed(0)
    torch.set_default_device(device)
    torch.backends.cuda.matmul.allow_tf32 = True
    bridge = Bridge(latent_dim, num_classes, shared_dim, hidden_units)
    optimizer = torch.optim.Adam(bridge.parameters(), lr=1e-3, fused=fused)
    mode = "reduce-overhead" if device == "cuda" else None
    compute_loss = torch.compile(bridge, mode=mode) if compiled else bridge
    mu, labels = torch.randn(2, 10_000, latent_dim), torch.arange(10_000) % num_classes
    domain = torch.eye(2).repeat_interleave(batch_size, dim=0)

    def run(steps: int) -> None:
        for _ in range(steps):
            rows = torch.randint(0, mu.shape[1], (2, batch_size))
            batch = torch.cat([mu[0, rows[0]], mu[1, rows[1]]])
            z = batch + 0.1 * torch.randn_like(batch)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
                loss = compute_loss(z, domain, labels[rows.flatten()])
            loss.backward()
            optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def product_timer() -> Callable[[Sequence[timing.Product]], list[float]]:
    """Returns a timer of matrix products by PyTorch's kernels, in each layout of the operands."""

    def candidates(a: np.ndarray, b: np.ndarray) -> Iterable[Callable[[], Any]]:
        x, y = torch.from_numpy(a), torch.from_numpy(b)
        yield functools.partial(torch.matmul, x, y)
        yield functools.partial(torch.matmul, x.T.contiguous().T, y)
        yield functools.partial(torch.matmul, x, y.T.contiguous().T)

    return timing.product_timer(candidates)
