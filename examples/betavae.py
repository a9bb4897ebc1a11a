"""A beta-VAE (Higgins and others, 2017) in PyTorch, of which a checkpoint becomes files for `bin/package_domain.py`.

    python examples/betavae.py betavae_mnist.pt out/bv_mnist

writes out/bv_mnist/encoder.pt2 and out/bv_mnist/decoder.pt2. The layers have the names that the checkpoint's have.
docs/tutorials/pytorch.md does the same for a JointVAE.
"""

import sys
from pathlib import Path

import torch
from torch import nn

LATENTS = 10


class Encoder(nn.Module):
    """Pictures [batch, 1, 32, 32] to the mean and the logarithm of the variance, which one layer gives in turns."""

    def __init__(self):
        """Makes the layers."""
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(n, 32, 4, stride=2, padding=1) for n in (1, 32, 32))
        self.lin1, self.lin2 = nn.Linear(512, 256), nn.Linear(256, 256)
        self.mu_logvar_gen = nn.Linear(256, 2 * LATENTS)

    def forward(self, x):
        for convolution in (self.conv1, self.conv2, self.conv3):
            x = convolution(x).relu()
        hidden = self.lin2(self.lin1(x.flatten(1)).relu()).relu()
        weight, bias = self.mu_logvar_gen.weight, self.mu_logvar_gen.bias
        return nn.functional.linear(hidden, weight[::2], bias[::2]), nn.functional.linear(
            hidden, weight[1::2], bias[1::2]
        )


class Decoder(nn.Module):
    """Latents to pictures."""

    def __init__(self):
        """Makes the layers."""
        super().__init__()
        self.lin1, self.lin2, self.lin3 = nn.Linear(LATENTS, 256), nn.Linear(256, 256), nn.Linear(256, 512)
        self.convT1, self.convT2, self.convT3 = (nn.ConvTranspose2d(32, n, 4, stride=2, padding=1) for n in (32, 32, 1))

    def forward(self, z):
        x = self.lin3(self.lin2(self.lin1(z).relu()).relu()).relu().reshape(-1, 32, 4, 4)
        return self.convT3(self.convT2(self.convT1(x).relu()).relu()).sigmoid()


def main(checkpoint, folder):
    """Writes the files of a checkpoint."""
    weights = torch.load(checkpoint, map_location="cpu", weights_only=True)
    Path(folder).mkdir(parents=True, exist_ok=True)
    examples = {"encoder": torch.zeros(2, 1, 32, 32), "decoder": torch.zeros(2, LATENTS)}
    for name, network in {"encoder": Encoder(), "decoder": Decoder()}.items():
        parts = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(name)}
        network.load_state_dict(parts)
        batch = {0: torch.export.Dim("batch")}
        torch.export.save(
            torch.export.export(network.eval(), (examples[name],), dynamic_shapes=(batch,)), f"{folder}/{name}.pt2"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
