import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from latent_xlate.data import images, tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.image.image_training import shifted, train_image_model
from tests.support.paths import ROOT
from tests.support.processes import WITHOUT_GPU, finish, free_ports

OPTIONS = {"epochs": 8, "batch_size": 32, "hidden_units": 24, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data set "bars" of four classes."""
    folder = tmp_path_factory.mktemp("data")
    splits = {"train": digits_like(480, 4, 0, image_size=12), "test": digits_like(100, 4, 1, image_size=12)}
    tfds_sets.store("bars", splits, folder)
    return folder


def evaluate(path, split, data_dir):
    data = images.load("bars", split, data_dir)
    model = keras.saving.load_model(path)
    model.compile()
    return model.evaluate(data.floats, data.labels, verbose=0, return_dict=True, batch_size=1000)


def logged(workdir, tag):
    events = [
        event for path in (workdir / "events").iterdir() for event in tf.compat.v1.train.summary_iterator(str(path))
    ]
    return [float(tf.make_ndarray(v.tensor)) for event in events for v in event.summary.value if v.tag == tag]


@pytest.mark.parametrize(("model", "precision"), [("vae", "float32"), ("classifier", "mixed_float16")])
@pytest.mark.long
def test_training_learns_and_writes_the_model_and_its_metrics(model, precision, data_dir, tmp_path):
    path = train_image_model(model, "bars", tmp_path, data_dir=str(data_dir), precision=precision, **OPTIONS)
    assert path == tmp_path / "model.keras"
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    for split in ("validation", "test"):
        assert metrics[split] == pytest.approx(evaluate(path, split, data_dir), rel=1e-3)
    losses = logged(tmp_path, "validation_loss")
    assert len(losses) == OPTIONS["epochs"]
    if model == "classifier":
        # The epoch that is best on the validation split, not the last.
        assert metrics["validation"]["accuracy"] == pytest.approx(max(logged(tmp_path, "validation_accuracy")))
        assert metrics["test"]["accuracy"] > 0.9
    else:
        assert metrics["validation"]["loss"] == pytest.approx(losses[-1], rel=1e-5)
        assert losses[-1] < 0.7 * losses[0]
    assert keras.config.dtype_policy().name == keras.saving.load_model(path).dtype_policy.name == "float32"

    weights = keras.saving.load_model(path).get_weights()
    train_image_model(model, "bars", tmp_path, data_dir=str(data_dir), precision=precision, **OPTIONS)
    for ours, theirs in zip(keras.saving.load_model(path).get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="another configuration .*seed: 0 there, 1 here"):
        train_image_model(model, "bars", tmp_path, data_dir=str(data_dir), precision=precision, seed=1, **OPTIONS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "vaee"}, "Unknown model 'vaee'. Did you mean 'vae'"),
        ({"precision": "bfloat16"}, "Unknown precision 'bfloat16'. Did you mean 'mixed_bfloat16'"),
        ({"dataset": "bar"}, "Did you mean 'bars'"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"strategy": "mirrored", "batch_size": 33}, "Batch size 33 cannot be split evenly over 2 replicas"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(arguments, message, data_dir, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_image_model(
            **({"model": "vae", "dataset": "bars"} | arguments), workdir=tmp_path / "run", data_dir=str(data_dir)
        )
    assert not (tmp_path / "run").exists()


def test_shifted_moves_images_as_scipy_does():
    x = np.random.default_rng(0).integers(1, 256, (25, 6, 5, 2), dtype=np.uint8)
    moved = shifted(tf.constant(x), tf.range(25, dtype=tf.int64), 2).numpy()
    assert moved.dtype == np.uint8
    for choice, (before, after) in enumerate(zip(x, moved, strict=True)):
        down, right = choice // 5 - 2, choice % 5 - 2
        np.testing.assert_array_equal(after, scipy.ndimage.shift(before, (down, right, 0), order=0))


@pytest.mark.long
def test_shifted_images_keep_a_classifier_from_overfitting(data_dir, tmp_path):
    train = {}
    for shift in (0, 1):
        workdir = tmp_path / str(shift)
        path = train_image_model("classifier", "bars", workdir, data_dir=str(data_dir), shift=shift, **OPTIONS)
        train[shift] = evaluate(path, "train", data_dir)["loss"]
    assert train[1] > 2 * train[0]


def test_the_cosine_schedule_is_another_run(data_dir, tmp_path):
    options = OPTIONS | {"epochs": 1}
    train_image_model("vae", "bars", tmp_path, data_dir=str(data_dir), **options)
    with pytest.raises(ValueError, match="schedule: constant there, cosine here"):
        train_image_model("vae", "bars", tmp_path, data_dir=str(data_dir), schedule="cosine", **options)


@pytest.mark.slow
def test_two_workers_train_the_classifier_of_one(data_dir, tmp_path):
    options = OPTIONS | {"epochs": 3}
    flags = [f"--{name}={value}" for name, value in options.items()]
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = [
        subprocess.Popen(
            [
                sys.executable, str(ROOT / "bin" / "train_domain.py"), "--model=classifier", "--dataset=bars",
                f"--data_dir={data_dir}", f"--workdir={tmp_path / 'two'}", "--strategy=multi_worker", *flags,
            ],
            env=os.environ
            | {"PYTHONPATH": str(ROOT)}
            | WITHOUT_GPU
            | {"TF_CONFIG": json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index in range(2)
    ]  # fmt: skip
    alone = train_image_model("classifier", "bars", tmp_path / "one", data_dir=str(data_dir), **options)
    (chief, said), (worker, said_by_worker) = (finish(process) for process in processes)
    assert (chief, worker) == (0, 0), said + said_by_worker
    assert said.endswith(f"Wrote {tmp_path / 'two' / 'model.keras'}\n")
    assert said_by_worker == ""
    assert {path.name for path in (tmp_path / "two").iterdir()} == {path.name for path in (tmp_path / "one").iterdir()}
    ours, theirs = (keras.saving.load_model(path).get_weights() for path in (tmp_path / "two" / "model.keras", alone))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
    ours, theirs = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("two", "one"))
    assert ours["test"] == pytest.approx(theirs["test"], rel=1e-3)
