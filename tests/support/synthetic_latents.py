"""Made-up latents."""

import numpy as np

from latent_xlate.latents.latents import Latents


def latents(counts=(40, 60, 50), dim=3, seed=0):
    """Latents whose first value is their index, in shuffled classes of the given sizes."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts), dtype=np.int32), counts))
    mu = generator.normal(size=(len(labels), dim)).astype(np.float32)
    mu[:, 0] = np.arange(len(labels))
    return Latents(mu, generator.uniform(size=mu.shape).astype(np.float32), labels)
