"""The reusable SavedModel against the generator, and the command against the original's graph."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.serving.wavegan_export import export_generator
from tests.support import tf1_graphs
from tests.support.paths import ROOT
from tests.support.tolerances import assert_close


def generator(seed=0, **kwargs):
    keras.utils.set_random_seed(seed)
    model = WaveGANGenerator(latent_dim=5, dim=2, **kwargs)
    model.build()
    return model


@pytest.fixture(scope="module")
def model():
    return generator(batch_norm=True, filter_length=8, channels=2)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return export_generator(model, tmp_path_factory.mktemp("export") / "wavegan")


def latents(batch=4):
    return np.random.default_rng(2).uniform(-1, 1, (batch, 5)).astype(np.float32)


@pytest.mark.parametrize("batch", [0, 1, 4])
def test_gives_the_generators_waveforms(model, folder, batch):
    loaded = tf.saved_model.load(folder)
    expected = model(latents(batch))
    assert_close(loaded(latents(batch)), expected, atol=1e-6)
    assert_close(loaded(tf.constant(latents(batch)), training=False), expected, atol=1e-6)


def test_has_the_attributes_of_a_reusable_saved_model(model, folder):
    loaded = tf.saved_model.load(folder)
    assert len(loaded.variables) == len(model.weights)
    for ours, theirs in zip(loaded.variables, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    trainable = {id(variable) for variable in loaded.trainable_variables}
    assert len(trainable) == len(model.trainable_weights)
    assert trainable == {id(variable) for variable in loaded.variables if variable.trainable}
    assert list(loaded.regularization_losses) == []


def test_in_training_it_takes_the_batchs_statistics_and_keeps_them(folder):
    loaded, model = tf.saved_model.load(folder), generator(batch_norm=True, filter_length=8, channels=2)
    model.set_weights([variable.numpy() for variable in loaded.variables])
    assert_close(loaded(latents(), training=True), model(latents(), training=True), atol=1e-5)
    for ours, theirs in zip(loaded.variables, model.weights, strict=True):
        assert_close(ours, theirs, atol=1e-6)
    assert_close(loaded(latents()), model(latents()), atol=1e-5)


def test_can_be_fine_tuned(folder):
    loaded = tf.saved_model.load(folder)

    def loss():
        return tf.reduce_mean(tf.square(loaded(latents(), training=True)))

    before = float(loss())
    for _ in range(5):
        with tf.GradientTape() as tape:
            value = loss()
        for variable, gradient in zip(
            loaded.trainable_variables, tape.gradient(value, loaded.trainable_variables), strict=True
        ):
            variable.assign_sub(0.1 * gradient)
    assert float(loss()) < 0.9 * before


def test_tensorflow_hub_loads_and_wraps_it(model, folder):
    hub = pytest.importorskip("tensorflow_hub")
    expected = model(latents())
    assert_close(hub.load(str(folder))(latents()), expected, atol=1e-6)
    layer = hub.KerasLayer(str(folder), trainable=True)
    assert_close(layer(latents()), expected, atol=1e-6)
    assert len(layer.trainable_weights) == len(model.trainable_weights)
    in_training = layer(latents(), training=True)
    assert np.abs(in_training - expected).max() > 0.01


def test_replaces_a_saved_model_and_nothing_else(tmp_path):
    (tmp_path / "wavegan").mkdir()
    for seed in (0, 1):
        model = generator(seed)
        export_generator(model, tmp_path / "wavegan")
        assert_close(tf.saved_model.load(tmp_path / "wavegan")(latents()), model(latents()), atol=1e-6)
    (tmp_path / "notes.txt").write_text("precious")
    for place in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(ValueError, match="is there and is no SavedModel: give another folder"):
            export_generator(model, place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "wavegan"]


@pytest.mark.long
def test_the_command_takes_a_checkpoint_to_its_waveforms(tmp_path):
    network = tf1_graphs.generator(dim=1, slice_length=32768)
    prefix, expected = tf1_graphs.save(tmp_path, network, latents())
    script = ROOT / "bin" / "export_wavegan.py"
    result = subprocess.run(
        [sys.executable, str(script), f"--checkpoint={prefix}", "--output=out/wavegan", "--slice_length=32768"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "Wrote out/wavegan\n"), result.stderr
    assert f"Checkpoint {prefix}: not used are global_step." in result.stderr
    waveforms = tf.saved_model.load(tmp_path / "out" / "wavegan")(latents())
    assert_close(waveforms, expected, atol=1e-5)
