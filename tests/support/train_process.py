"""Trains a small bridge in a process of its own, for tests of what happens to processes.

    python -m tests.support.train_process WORKDIR [STRATEGY [UNBROKEN [STEP]]]

Writes the weights to WORKDIR/weights.npz. Given a folder UNBROKEN, unless it is "", it trains there first. Given a STEP
it kills itself there while it trains in WORKDIR.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import distribution, training
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.latents.batches import make_batches
from latent_xlate.optimizer import FusedAdam
from tests.support import synthetic
from tests.support.paths import ROOT

NUM_STEPS = 25


def train(workdir: Path | None, strategy: str = "default", kill_at: int | None = None) -> list[np.ndarray]:
    """Trains and returns the weights, which the chief writes too. The run is killed as `kill_at` is logged."""
    keras.utils.set_random_seed(0)
    tf_strategy = distribution.make_strategy(strategy)
    with tf_strategy.scope():
        model = BridgingVAE((6, 6), synthetic.NUM_CLASSES, shared_dim=3, hidden_units=(16,), beta_kl=0.02, beta_cls=0.5)
        model.build()
        # So large an epsilon makes steps nearly proportional to the gradients.
        model.compile(optimizer=FusedAdam(0.02, epsilon=0.02), jit_compile=False)

    def on_log(step, logs):
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    training.train(
        model,
        make_batches(
            [synthetic.latents(6, seed=1), synthetic.latents(6, seed=2)], synthetic.NUM_CLASSES, "balanced", 0
        ),
        num_steps=NUM_STEPS,
        batch_size=24,
        workdir=workdir,
        strategy=tf_strategy,
        steps_per_log=5,
        logs_per_checkpoint=2,
        on_log=on_log,
    )
    if workdir and distribution.is_chief(tf_strategy):
        np.savez(workdir / "weights.npz", *model.get_weights())
    return model.get_weights()


def start(workdir: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    """Starts this module as a process, its output captured."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.train_process", str(workdir), *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def main(workdir: str, strategy: str = "default", unbroken: str = "", kill_at: str = "0") -> None:
    if strategy == "default":
        tf.config.experimental.enable_op_determinism()
    if unbroken:
        train(Path(unbroken), strategy)
    train(Path(workdir), strategy, int(kill_at))


if __name__ == "__main__":
    main(*sys.argv[1:])
