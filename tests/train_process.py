"""Trains a small bridge in a process of its own, for tests of what happens to processes.

    python -m tests.train_process WORKDIR [STRATEGY [STEP]]

Writes the weights to WORKDIR/weights.npz, unless it kills itself at STEP.
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

from latent_xlate import training
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.latents import make_batches
from latent_xlate.optimizer import FusedAdam
from tests import synthetic

ROOT = Path(__file__).resolve().parents[1]
NUM_STEPS = 25


def train(workdir: Path | None, strategy: str = "default", kill_at: int | None = None) -> list[np.ndarray]:
    """Trains and returns the weights. The run is killed, if at all, when `kill_at` is logged."""
    keras.utils.set_random_seed(0)
    distribution = training.make_strategy(strategy)
    with distribution.scope():
        model = BridgingVAE((6, 5), synthetic.NUM_CLASSES, 3, (16,), beta_kl=0.02, beta_cls=0.5)
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
            [synthetic.latents(6, seed=1), synthetic.latents(5, seed=2)], synthetic.NUM_CLASSES, "balanced", 0
        ),
        num_steps=NUM_STEPS,
        batch_size=16,
        workdir=workdir,
        strategy=distribution,
        steps_per_log=5,
        logs_per_checkpoint=2,
        on_log=on_log,
    )
    return model.get_weights()


def start(workdir: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    """Starts this module as a process, its output captured."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.train_process", str(workdir), *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def main(workdir: str, strategy: str = "default", kill_at: str | None = None) -> None:
    if strategy == "default":
        tf.config.experimental.enable_op_determinism()
    weights = train(Path(workdir), strategy, kill_at and int(kill_at))
    if training.is_chief(training.make_strategy(strategy)):
        np.savez(Path(workdir) / "weights.npz", *weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
