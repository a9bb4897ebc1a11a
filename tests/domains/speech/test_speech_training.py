import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.data import speech, tfds_sets
from latent_xlate.domains.speech.speech_training import (
    load_classifier,
    make_batches,
    train_speech_classifier,
)
from tests.support import sounds
from tests.support.paths import ROOT
from tests.support.processes import WITHOUT_GPU, finish, free_ports

OPTIONS = {"epochs": 12, "batch_size": 4, "filters": 2, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data set "tones" of three pitches."""
    folder = tmp_path_factory.mktemp("data")

    def tones(count, seed):
        generator = np.random.default_rng(seed)
        labels = np.arange(count) % 3
        hertz = np.array([300, 1000, 3000])[labels] * generator.uniform(0.9, 1.1, count)
        waveforms = [np.pad(sounds.tone(pitch, 0.4, 16000), (0, 16384 - 6400)) for pitch in hertz]
        return speech.labelled_sounds(np.round(32767 * np.stack(waveforms)).astype(np.int16), labels, ("a", "b", "c"))

    tfds_sets.store("tones", {"train": tones(48, 0), "test": tones(30, 1)}, folder)
    return str(folder)


def metrics(workdir):
    return json.loads((workdir / "metrics.json").read_text())


def run(workdir, data_dir, **options):
    return train_speech_classifier("tones", workdir, data_dir=data_dir, **(OPTIONS | options))


@pytest.mark.long
def test_training_learns_and_writes_the_model_and_its_metrics(data_dir, tmp_path):
    # So wide and long that it learns whatever the rounding of the processor.
    options = {"epochs": 60, "filters": 8, "learning_rate": 3e-3}
    classifier = load_classifier(run(tmp_path, data_dir, precision="mixed_bfloat16", **options))
    assert classifier.dtype_policy.name == "float32"
    test = speech.load("tones", "test", data_dir)
    accuracy = np.mean(classifier(test.floats).numpy().argmax(axis=1) == test.labels)
    assert metrics(tmp_path)["test"]["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.9


@pytest.mark.long
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(data_dir, tmp_path, monkeypatch):
    unbroken = load_classifier(run(tmp_path / "unbroken", data_dir, epochs=2))
    with monkeypatch.context() as patch:
        patch.setattr(tf.train.CheckpointManager, "save", stop_after(tf.train.CheckpointManager.save))
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "broken", data_dir, epochs=2)
    resumed = load_classifier(run(tmp_path / "broken", data_dir, epochs=2))
    for ours, theirs in zip(resumed.get_weights(), unbroken.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def stop_after(save):
    def stopping(*args, **kwargs):
        save(*args, **kwargs)
        raise KeyboardInterrupt

    return stopping


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": "bfloat16"}, "Unknown precision 'bfloat16'. Did you mean 'mixed_bfloat16'"),
        ({"dataset": "tone"}, "Did you mean 'tones'|'tone'"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"strategy": "mirrored", "batch_size": 33}, "Batch size 33 cannot be split evenly over 2 replicas"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(arguments, message, data_dir, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_speech_classifier(**({"dataset": "tones"} | arguments), workdir=tmp_path / "run", data_dir=data_dir)
    assert not (tmp_path / "run").exists()


def test_batches_hold_each_recording_once_an_epoch_and_at_another_loudness(data_dir):
    data = speech.load("tones", "train", data_dir)
    x, labels = make_batches(data, seed=3)(tf.range(len(data), dtype=tf.int64))
    again, _ = make_batches(data, seed=3)(tf.range(len(data), dtype=tf.int64))
    np.testing.assert_array_equal(x, again)
    assert np.bincount(labels).tolist() == np.bincount(data.labels).tolist()
    peaks = np.abs(x).max(axis=1)
    decibels = 20 * np.log10(peaks)
    assert decibels.min() > -46 and decibels.max() < 0.1 and np.ptp(decibels) > 30


@pytest.mark.slow
def test_two_workers_train_the_classifier_of_one(data_dir, tmp_path):
    flags = [f"--{name}={value}" for name, value in OPTIONS.items()]
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = [
        subprocess.Popen(
            [
                sys.executable, str(ROOT / "bin" / "train_domain.py"), "--model=speech_classifier", "--dataset=tones",
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
    run(tmp_path / "one", data_dir)
    (chief, said), (worker, said_by_worker) = (finish(process) for process in processes)
    assert (chief, worker) == (0, 0), said + said_by_worker
    assert said.endswith(f"Wrote {tmp_path / 'two' / 'model.keras'}\n")
    assert said_by_worker == ""
    assert {path.name for path in (tmp_path / "two").iterdir()} == {path.name for path in (tmp_path / "one").iterdir()}
    # Each worker normalises by the statistics of its own half of a batch.
    assert metrics(tmp_path / "two")["test"]["accuracy"] > 0.9
    assert keras.saving.load_model(tmp_path / "two" / "model.keras").num_classes == 3
