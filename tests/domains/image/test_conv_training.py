"""Training of the convolutional models, on pictures of 16x16 pixels."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.benchmarks.own_pictures_data import coloured_shapes
from latent_xlate.data import images, tfds_sets
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.image import image_training
from latent_xlate.domains.image.image_training import augmentation_of, most_epochs, train_image_model

OPTIONS = {"width": 4, "batch_size": 16, "epochs": 6, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Data sets of shapes: "shapes", and "unlabelled"."""
    folder = tmp_path_factory.mktemp("data")
    splits = {"train": coloured_shapes(24, 0, image_size=16), "test": coloured_shapes(8, 1, image_size=16)}
    tfds_sets.store("shapes", splits, folder)
    unlabelled = {
        name: type(data)(data.content, np.full(len(data), UNLABELLED), (), data.modality)
        for name, data in splits.items()
    }
    tfds_sets.store("unlabelled", unlabelled, folder)
    return str(folder)


@pytest.fixture(autouse=True)
def evaluated_often(monkeypatch):
    monkeypatch.setattr(image_training, "PICTURES_PER_LOG", 80)
    monkeypatch.setattr(image_training, "VALIDATION_PICTURES", 12)


def weights(workdir):
    return keras.saving.load_model(workdir / "model.keras").get_weights()


def logged(workdir, tag):
    events = [
        event for path in (workdir / "events").iterdir() for event in tf.compat.v1.train.summary_iterator(str(path))
    ]
    return [float(tf.make_ndarray(v.tensor)) for event in events for v in event.summary.value if v.tag == tag]


@pytest.mark.slow
@pytest.mark.parametrize("model", image_training.CONVOLUTIONAL)
def test_training_lowers_the_loss_and_a_killed_run_resumes_to_the_same_weights(model, data_dir, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    path = train_image_model(model, "shapes", whole, data_dir=data_dir, **OPTIONS)
    assert path == whole / "model.keras"
    losses = logged(whole, "loss")
    assert len(losses) == 6
    assert losses[-1] < losses[0]
    metrics = json.loads((whole / "metrics.json").read_text())
    assert metrics.keys() == {"validation", "test"}
    # What is kept is the moving average of the evaluation with the lowest loss.
    network = keras.saving.load_model(path)
    network.compile()
    test = images.load("shapes", "test", data_dir)
    again = network.evaluate(test.floats, test.labels, verbose=0, return_dict=True, batch_size=100)
    assert again == pytest.approx(metrics["test"], rel=1e-4)

    save, saved = tf.train.CheckpointManager.save, []

    def save_twice(manager, *args):
        if len(saved) == 2:
            raise KeyboardInterrupt
        saved.append(save(manager, *args))
        return saved[-1]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tf.train.CheckpointManager, "save", save_twice)
        train_image_model(model, "shapes", cut, data_dir=data_dir, **OPTIONS)
    train_image_model(model, "shapes", cut, data_dir=data_dir, **OPTIONS)
    for ours, theirs in zip(weights(cut), weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_training_ends_when_held_out_pictures_are_no_longer_the_best(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(image_training, "PATIENCE", 2)
    # Without learning no evaluation is better than the first.
    options = OPTIONS | {"learning_rate": 0.0, "epochs": 50}
    train_image_model("conv_classifier", "shapes", tmp_path, data_dir=data_dir, **options)
    assert len(logged(tmp_path, "loss")) == 3
    before = weights(tmp_path)
    train_image_model("conv_classifier", "shapes", tmp_path, data_dir=data_dir, **options)
    assert len(logged(tmp_path, "loss")) == 3
    for ours, theirs in zip(weights(tmp_path), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_pictures_without_classes_are_learned_by_the_vae_alone(data_dir, tmp_path):
    options = OPTIONS | {"epochs": 1, "latent_dim": 12}
    train_image_model("conv_vae", "unlabelled", tmp_path / "vae", data_dir=data_dir, **options)
    network = keras.saving.load_model(tmp_path / "vae" / "model.keras")
    assert (network.latent_dim, network.num_classes) == (12, 0)
    with pytest.raises(ValueError, match="'unlabelled' is unlabelled"):
        train_image_model("conv_classifier", "unlabelled", tmp_path / "classifier", data_dir=data_dir)
    assert not augmentation_of(images.load("unlabelled", "train", data_dir)).recolour


@pytest.mark.parametrize(
    ("model", "option", "message"),
    [
        ("conv_vae", {"shift": 1}, "--shift is not for --model=conv_vae: leave it out"),
        ("conv_classifier", {"hidden_units": 4}, "--hidden_units is not for --model=conv_classifier"),
        ("conv_classifier", {"latent_dim": 4}, "--latent_dim is not for --model=conv_classifier"),
        ("vae", {"width": 4}, "--width is not for --model=vae"),
        ("conv_vae", {"latent_dim": 9}, "latent_dim is 9; it must be larger than 9"),
    ],
)
def test_settings_of_other_models_are_refused_and_nothing_is_written(model, option, message, data_dir, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_image_model(model, "shapes", tmp_path / "run", data_dir=data_dir, **option)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("count", "epochs"), [(5, 1_000), (132, 112), (800, 60), (9_600, 20), (60_000, 4)])
def test_few_pictures_are_seen_in_more_epochs_than_many(count, epochs):
    data = images.labelled_images(np.zeros((count, 8, 8, 1), np.uint8), np.zeros(count, np.int64), ("a",))
    assert most_epochs(data, 16) == epochs
