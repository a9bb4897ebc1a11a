import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.bridge.held_out_progress import HeldOutProgress
from latent_xlate.bridge.training_data import prepare_training
from latent_xlate.bridge_training import train_bridge
from latent_xlate.latents.latents import Latents
from tests.support import shipped
from tests.support.tolerances import approx


class Turning:
    """A bridge whose translation adds a number to the first coordinate, and whose reconstruction shrinks."""

    def __init__(self):
        self.shift, self.shrink = 0.0, 1.0

    def translate(self, z, source, target, noise=None):
        if source == target:
            return self.shrink * z
        return z + tf.constant([[self.shift, 0.0]])


def line(labels):
    """Latents at (0, 0), (10, 0), and so on, labelled."""
    mu = np.stack([10.0 * np.arange(len(labels)), np.zeros(len(labels))], axis=1).astype(np.float32)
    return Latents(mu, np.ones_like(mu), np.array(labels, np.int32))


def test_agreement_is_that_of_the_nearest_known_latents_and_reconstruction_the_variance_kept():
    bridge = Turning()
    known = [line([0, 1, 2, 3, 0]), line([0, 1, 2, 3, -1])]
    progress = HeldOutProgress(bridge, [line([0, 1, 2, 3]), line([0, 1, 2, -1])], known, None)
    assert progress.on_log(1, {}) == {"held_out_agreement": 1.0, "held_out_reconstruction": 1.0}
    bridge.shift, bridge.shrink = 12.0, 0.5
    # Each is taken for the next: 0, 1, 2, 3 for 1, 2, 3, 3 (the last known one has no label), and 0, 1, 2 for 1, 2, 3.
    measured = progress.on_log(2, {})
    assert measured["held_out_agreement"] == approx((1 / 4 + 0) / 2)
    mu = 10.0 * np.arange(4)
    assert measured["held_out_reconstruction"] == approx(1 - np.mean((0.5 * mu) ** 2) / mu.var(), rel=1e-5)
    assert not progress.should_stop()


def test_latents_without_labels_have_no_agreement():
    progress = HeldOutProgress(Turning(), [line([-1] * 3)] * 2, [line([-1] * 3)] * 2, None)
    assert progress.on_log(1, {}) == {"held_out_reconstruction": 1.0}


def test_training_ends_after_logs_without_a_rise_that_counts():
    bridge = Turning()
    progress = HeldOutProgress(bridge, [line([0, 1, 2])] * 2, [line([0, 1, 2])] * 2, 3)
    stops = []
    for shrink in (0.5, 0.9, 0.9001, 0.6, 0.95, 0.95, 0.95, 0.5):
        bridge.shrink = shrink
        progress.on_log(0, {})
        stops.append(progress.should_stop())
    assert stops == [False] * 7 + [True]


@pytest.mark.long
def test_bridge_ends_early_shows_what_it_measures_and_resumes_to_the_same_weights(tmp_path, capsys):
    savedmodels = shipped.write(tmp_path / "savedmodels")
    config = shipped.config(savedmodels, num_steps=400, batch_size=20, steps_per_log=10, steps_per_checkpoint=10)
    with config.unlocked():
        config.update(patience=2, epochs=100)
    whole = train_bridge(config, tmp_path / "whole").bridge
    steps = int(whole.optimizer.iterations.numpy())
    assert steps % 10 == 0
    assert 30 <= steps < 400
    assert "held_out_agreement=" in capsys.readouterr().err
    again = train_bridge(config, tmp_path / "whole").bridge  # From its last checkpoint.
    assert int(again.optimizer.iterations.numpy()) == steps
    for ours, theirs in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("count", "held_out"), [(25, 2), (11, 1), (2, 1)])
def test_few_latents_are_held_out_too(count, held_out, tmp_path):
    savedmodels = shipped.write(tmp_path)
    shipped.latents("digits", count).save(savedmodels / "digits" / "latents_train.npz")
    data = prepare_training(with_patience(savedmodels))
    assert [len(each) for each in data.held_out] == [held_out, 200 // 12]
    assert [len(each) for each in data.latents] == [count - held_out, 200 - 200 // 12]


def test_single_latent_of_which_none_can_be_held_out_is_refused(tmp_path):
    savedmodels = shipped.write(tmp_path)
    shipped.latents("digits", 1).save(savedmodels / "digits" / "latents_train.npz")
    with pytest.raises(ValueError, match="'digits' has 1 training latent: patience needs at least 2"):
        prepare_training(with_patience(savedmodels))


def with_patience(savedmodels):
    config = shipped.config(savedmodels)
    with config.unlocked():
        config.patience = 2
    return BridgeConfig.of(config)


def test_epochs_bound_the_steps(tmp_path):
    savedmodels = shipped.write(tmp_path / "savedmodels")
    config = shipped.config(savedmodels, num_steps=400, batch_size=60)
    with config.unlocked():
        config.epochs = 3
    bridge = train_bridge(config, tmp_path / "run").bridge
    assert int(bridge.optimizer.iterations.numpy()) == 3 * 4  # 200 latents make 4 batches of 60.
