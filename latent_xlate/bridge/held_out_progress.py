"""How well a bridge translates held-out latents while it is trained."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from latent_xlate import training
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.latents.latents import Latents

MOST_LATENTS = 2_000
"""Most latents of a domain that held-out ones are compared with."""

_LEAST_RISE = 0.002
"""Smallest rise of the score that counts."""


class HeldOutProgress:
    """Measures a bridge on held-out latents at each log, and ends the training when it gets no better.

    No judge takes part: the class of a translated latent is that of the nearest training latent of the target.

    Attributes:
        best: The highest score, the sum of what is measured, whose variables belong in the checkpoint.
    """

    def __init__(
        self, bridge: BridgingVAE, held_out: Sequence[Latents], known: Sequence[Latents], patience: int | None
    ):
        """Measures nothing yet.

        Args:
            bridge: The bridge that is trained.
            held_out: Latents of each domain that it is not trained on, with labels that the domains share.
            known: Latents of each domain that it is trained on, likewise.
            patience: Logs in a row without a higher score after which the training ends; None for never.
        """
        self._bridge = bridge
        self._held_out = [each.take(slice(0, MOST_LATENTS)) for each in held_out]
        self._known = [each.take(slice(0, MOST_LATENTS)) for each in known]
        self._patience = patience
        self.best = training.BestScore(_LEAST_RISE)

    def on_log(self, step: int, logs: Mapping[str, float]) -> dict[str, float]:
        """Measures the bridge.

        Returns:
            `held_out_agreement`, the share of labelled latents that keep their class when they are translated, over all
            pairs of domains, if there are labels; and `held_out_reconstruction`, the share of the latents' variance
            that the way to the shared latent and back keeps.
        """
        del step, logs
        pairs = itertools.permutations(range(len(self._held_out)), 2)
        agreements = [share for pair in pairs if (share := self._agreement(*pair)) is not None]
        measured = {"held_out_agreement": float(np.mean(agreements))} if agreements else {}
        kept = [self._reconstruction(domain) for domain in range(len(self._held_out))]
        measured["held_out_reconstruction"] = float(np.mean(kept))
        self.best.update(sum(measured.values()))
        return measured

    def should_stop(self) -> bool:
        """Whether the score has not risen for as many logs as are waited for."""
        return self._patience is not None and int(self.best.age.numpy()) >= self._patience

    @property
    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint has to hold."""
        return {"best": self.best.value, "since_best": self.best.age}

    def _translated(self, source: int, target: int) -> np.ndarray:
        return self._bridge.translate(tf.constant(self._held_out[source].mu), source, target).numpy()

    def _agreement(self, source: int, target: int) -> float | None:
        labels, known = self._held_out[source].labels, self._known[target]
        known = known.take(known.labels != UNLABELLED)
        counts = labels != UNLABELLED
        if not counts.any() or not len(known):
            return None
        scale = known.mu.std(axis=0) + 1e-6
        nearest = _nearest(self._translated(source, target)[counts] / scale, known.mu / scale)
        return float(np.mean(known.labels[nearest] == labels[counts]))

    def _reconstruction(self, domain: int) -> float:
        mu = self._held_out[domain].mu
        variance = max(float(mu.var(axis=0).sum()), 1e-12)
        return 1.0 - float(np.square(self._translated(domain, domain) - mu).sum(axis=1).mean()) / variance


def _nearest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each row of `x` the index of the nearest row of `y`."""
    return np.argmin(np.square(y).sum(axis=1) - 2.0 * x @ y.T, axis=1)
