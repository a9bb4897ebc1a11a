"""Checks that every baseline has to pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import training, training_steps
from latent_xlate.baselines.adversarial import AdversarialPair
from latent_xlate.optimizer import FusedAdam


@contextlib.contextmanager
def eagerly():
    """Runs graphs operation by operation: a few steps take less time than it takes to make the graph."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def check_resuming(make: Callable[[], AdversarialPair], make_batch: training_steps.MakeBatch, folder: Path) -> None:
    """Trains three steps of batches of 8 at once, and with a stop after the second; weights must be the same bits."""

    def run(num_steps, workdir):
        model = make()
        model.compile(optimizer=FusedAdam(2e-3, beta_1=0.5), jit_compile=False)
        options = {"num_steps": num_steps, "batch_size": 8, "workdir": workdir, "steps_per_log": 1}
        training.train(model, make_batch, state=model.state, **options)
        return model.get_weights()

    with eagerly():
        unbroken = run(3, None)
        cut = run(2, folder)
        assert any(not np.array_equal(a, b) for a, b in zip(cut, unbroken, strict=True))
        for ours, theirs in zip(run(3, folder), unbroken, strict=True):
            np.testing.assert_array_equal(ours, theirs)
