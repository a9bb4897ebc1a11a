import keras
import numpy as np
import pytest

from latent_xlate import distribution, training, training_steps
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.optimizer import FusedAdam
from tests.support.tolerances import assert_close

NUM_CLASSES = 3


@pytest.fixture
def compiled(monkeypatch):
    """Has steps compiled by XLA, four at once, as where there is a GPU."""
    monkeypatch.setattr(distribution, "compiles_steps", lambda: True)
    monkeypatch.setattr(training_steps, "STEPS_AT_ONCE", 4)


def latents():
    generator = np.random.default_rng(0)
    labels = np.arange(3000) % NUM_CLASSES
    return [
        Latents(generator.normal(size=(3000, 5)).astype(np.float32), np.full((3000, 5), 0.1, np.float32), labels)
        for _ in range(2)
    ]


def train(num_steps, workdir=None):
    """Trains a bridge; its weights, and the steps and losses that were logged."""
    keras.utils.set_random_seed(0)
    bridge = BridgingVAE([5, 5], NUM_CLASSES, shared_dim=2, hidden_units=(8,))
    bridge.build()
    bridge.compile(optimizer=FusedAdam(3e-3), **training_steps.compile_options(of_rows=True))
    logs = []
    training.train(
        bridge,
        make_batches(latents(), NUM_CLASSES, "balanced", 0),
        num_steps=num_steps,
        batch_size=8,
        workdir=workdir,
        steps_per_log=5,
        on_log=lambda step, values: logs.append((step, values["loss"])) or {},
    )
    return [weight.numpy() for weight in bridge.weights], logs


@pytest.mark.long
def test_a_loop_that_is_one_computation_takes_the_steps_of_any_other(compiled, monkeypatch):
    weights, logs = train(11)
    assert [step for step, _ in logs] == [5, 10, 11]
    monkeypatch.undo()
    expected_weights, expected_logs = train(11)
    assert_close([loss for _, loss in logs], [loss for _, loss in expected_logs], rtol=1e-5)
    for ours, expected in zip(weights, expected_weights, strict=True):
        assert_close(ours, expected, atol=1e-5)


@pytest.mark.slow
def test_it_goes_on_where_it_was_cut(compiled, tmp_path):
    unbroken, _ = train(11)
    train(6, tmp_path)
    resumed, logs = train(11, tmp_path)
    assert [step for step, _ in logs] == [10, 11]
    for ours, expected in zip(resumed, unbroken, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_calls_run_whole_computations():
    calls = []
    pieces = training_steps.Pieces(lambda first, last: calls.append((int(first), int(last))), at_once=4)
    done = 0
    while done < 30:
        done = pieces.run(done, min(30, done - done % 25 + 25))
    assert [first for first, _ in calls] == [0, *(last for _, last in calls[:-1])]
    assert calls[-1][1] == 30
    # All but those that end at a log are of several computations, the first of one.
    assert calls[0] == (0, 4)
    assert all((last - first) % 4 == 0 for first, last in calls if last not in (25, 30))


def test_uncompiled_models_take_one_step_after_another():
    assert training_steps.compile_options(of_rows=True) == {"jit_compile": False, "steps_per_execution": 1}
