"""Small PyTorch networks as others may have trained them, of pictures [3, 8, 8] in [-1, 1] and latents of 4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

CHANNELS, SIZE, LATENT_DIM, CLASSES = 3, 8, 4, 3


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(CHANNELS, 6, 4, 2, 1), nn.BatchNorm2d(6), nn.LeakyReLU(0.2), nn.Conv2d(6, 8, 4, 2, 1), nn.ReLU()
        )
        self.head = nn.Linear(32, 2 * LATENT_DIM)

    def forward(self, x):
        mean, log_variance = self.head(self.features(x).flatten(1)).chunk(2, dim=1)
        return log_variance, mean


class Decoder(nn.Module):
    hidden = 5

    def __init__(self):
        super().__init__()
        self.start = nn.Sequential(nn.Linear(LATENT_DIM, 32), nn.ReLU())
        first, last = nn.ConvTranspose2d(8, self.hidden, 4, 2, 1), nn.ConvTranspose2d(self.hidden, CHANNELS, 4, 2, 1)
        self.up = nn.Sequential(first, nn.ReLU(), last, nn.Tanh())

    def forward(self, z):
        return self.up(self.start(z).view(-1, 8, 2, 2))


class SquareDecoder(Decoder):
    """Has layers of as many channels as rows, which Keras 3.15 mistakes for one another when it adds a bias."""

    hidden = 6


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * SIZE * SIZE, CLASSES))

    def forward(self, x):
        return self.layers(x)


def network(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return kind().eval()


def example(kind: type[nn.Module], count: int = 2) -> torch.Tensor:
    return torch.zeros(count, LATENT_DIM) if issubclass(kind, Decoder) else torch.zeros(count, CHANNELS, SIZE, SIZE)


def exported(kind: type[nn.Module], path: Path, any_batch: bool = True) -> Path:
    """Writes a .pt2 file."""
    shapes = ({0: torch.export.Dim("batch")},) if any_batch else None
    torch.export.save(torch.export.export(network(kind), (example(kind),), dynamic_shapes=shapes), path)
    return path


def scripted(kind: type[nn.Module], path: Path) -> Path:
    """Writes a .pt file of TorchScript."""
    torch.jit.trace(network(kind), example(kind)).save(path)
    return path


def onnx(kind: type[nn.Module], path: Path, outputs: list[str], any_batch: bool = True, beside: bool = False) -> Path:
    """Writes a .onnx file; its weights beside it if asked for."""
    shapes = ({0: torch.export.Dim("batch")},) if any_batch else None
    torch.onnx.export(
        network(kind), (example(kind),), path, input_names=["given"], output_names=outputs, dynamic_shapes=shapes,
        external_data=beside, verbose=False,
    )  # fmt: skip
    return path


def call(kind: type[nn.Module], x: np.ndarray) -> list[np.ndarray]:
    """What PyTorch itself computes."""
    with torch.no_grad():
        outputs = network(kind)(torch.from_numpy(np.array(x)))
    return [output.numpy() for output in (outputs if isinstance(outputs, tuple) else [outputs])]
