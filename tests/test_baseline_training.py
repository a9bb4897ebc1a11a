"""Training of baselines by a configuration, and their evaluation as any translator's."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from ml_collections import ConfigDict

from latent_xlate import configs
from latent_xlate.baseline_training import load_trained, train_baseline
from latent_xlate.baselines.baseline_config import BASELINES, LABELLED_RIVALS
from latent_xlate.data import images, tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains import pretrained
from latent_xlate.evaluation import runs
from latent_xlate.translator import Translator
from tests.support import rival_checks, shipped
from tests.support.paths import ROOT
from tests.support.processes import finish

RIVALS = (*LABELLED_RIVALS, "gromov_wasserstein")
SIZES = {
    "pix2pix": {"filters": 2, "discriminator_filters": 2},
    "cyclegan": {"filters": 2, "num_blocks": 1, "discriminator_filters": 2, "pool_size": 8},
    "latent_cyclegan": {"hidden_units": (8,), "discriminator_units": (8,)},
    "rectified_flow": {"hidden_units": (8,), "pairing_size": 20},
    "gromov_wasserstein": {"num_centroids": 10},
}

short_classifiers = pytest.fixture(rival_checks.short_classifiers, scope="module", autouse=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two pretrained domains with latents, and their data sets in `data`."""
    folder = tmp_path_factory.mktemp("baselines")
    shipped.write(folder / "savedmodels")
    for seed, name in enumerate(shipped.LATENT_DIMS):
        splits = {"train": digits_like(60, seed=2 * seed), "test": digits_like(40, seed=2 * seed + 1)}
        tfds_sets.store(name, splits, folder / "data")
    return folder


def config(name, folder, **fields) -> ConfigDict:
    """A training of four steps between the domains in a folder, with other values for some of its fields."""
    config = configs.load(f"{name}:quick")
    config.domains = tuple(str(folder / "savedmodels" / domain) for domain in shipped.LATENT_DIMS)
    config.update({"num_steps": 4, "batch_size": 8, "steps_per_log": 2, "steps_per_checkpoint": 2})
    config.model.update(SIZES.get(name, {}))
    config.update(fields)
    return config


@pytest.mark.parametrize("name", BASELINES[:3])
@pytest.mark.long
def test_baseline_is_trained_saved_and_evaluated_as_a_translator(name, folder, tmp_path, monkeypatch):
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(folder / "savedmodels"))
    settings = config(name, folder)
    data_dir = str(folder / "data")
    translator = train_baseline(settings, tmp_path / "run", data_dir=data_dir)
    model = translator.bridge
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == json.loads(json.dumps(settings.to_dict()))
    assert int(model.optimizer.iterations) == 4
    options = model.get_config()
    assert {key: options[key] for key in settings.model} == settings.model.to_dict()

    translator.save(tmp_path / "run" / "translator")
    runs.evaluate_runs([str(tmp_path / "run" / "translator")], tmp_path / "out", "dataset", data_dir)
    (metrics,) = json.loads((tmp_path / "out" / "metrics.json").read_text())["runs"]
    assert metrics["model"] == type(model).__name__
    assert metrics["instances"] == {"digits": 40, "clothes": 40}
    # The same by the judges on what the translator makes of the test images themselves.
    digits, clothes = (pretrained.load_domain(path) for path in settings.domains)
    x = images.load("digits", "test", data_dir).floats
    shown = digits.decode(digits.encode(x)[0]) if name == "latent_cyclegan" else x
    made = Translator.load(tmp_path / "run" / "translator").translate(x, "digits", "clothes")
    agreement = np.argmax(digits.classify(shown), axis=1) == np.argmax(clothes.classify(made), axis=1)
    assert metrics["transfers"]["digits_to_clothes"]["accuracy"] == pytest.approx(np.mean(agreement), abs=0.03)
    if name != "latent_cyclegan":
        assert metrics["domains"]["digits"]["base_reconstruction"] == 1.0
        assert metrics["domains"]["digits"]["base_fid"] == pytest.approx(0.0, abs=1e-3)
    assert (tmp_path / "out" / "figures" / "digits_to_clothes.png").exists()

    # Again, it has nothing left to do.
    again = train_baseline(settings, tmp_path / "run", data_dir=data_dir)
    for same in (again, load_trained(settings, tmp_path / "run")):
        assert [type(domain) for domain in same.domains.values()] == [*map(type, translator.domains.values())]
        for ours, theirs in zip(same.bridge.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.long
def test_rival_is_trained_and_saved_as_a_translator(name, folder, tmp_path):
    settings = config(name, folder)
    translator = train_baseline(settings, tmp_path / "run")
    model = translator.bridge
    options = model.get_config()
    assert {key: options[key] for key in settings.model} == settings.model.to_dict()
    assert model.num_classes == shipped.NUM_CLASSES
    z = shipped.latents("digits", 20, seed=3).mu
    expected = np.asarray(translator.translate_latents(z, "digits", "clothes"))
    translator.save(tmp_path / "saved")
    again = train_baseline(settings, tmp_path / "run")
    for same in (Translator.load(tmp_path / "saved"), load_trained(settings, tmp_path / "run"), again):
        np.testing.assert_array_equal(same.translate_latents(z, "digits", "clothes"), expected)
    assert (tmp_path / "run" / "checkpoints").exists() == (name == "rectified_flow")


@pytest.mark.long
def test_seed_decides_the_weights(folder, tmp_path):
    first, again, other = (
        train_baseline(config("latent_cyclegan", folder, seed=seed), tmp_path / name).bridge.get_weights()
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    for ours, theirs, others in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.ndim < 2 or np.abs(ours - others).max() > 0.01


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("pix2pix", {"baseline": "pix2pixx"}, "Unknown baseline 'pix2pixx'. Did you mean 'pix2pix'"),
        ("pix2pix", {"domains": ("mnist",)}, "between two domains, not 1"),
        ("pix2pix", {"num_steps": 0}, "num_steps is 0"),
        ("latent_cyclegan", {"schedule": "cosin"}, "Unknown schedule 'cosin'. Did you mean 'cosine'"),
        ("cyclegan", {"batch_size": 20}, "A pool of 8 is smaller than a batch of 20: raise model.pool_size"),
        ("pix2pix", {}, "Unknown data set 'digits'|Data set 'digits' is not prepared"),
    ],
)
def test_bad_settings_are_refused_and_nothing_is_written(name, fields, message, folder, tmp_path):
    data_dir = str(folder / "data" if fields else tmp_path)
    with pytest.raises(ValueError, match=message):
        train_baseline(config(name, folder, **fields), tmp_path / "run", data_dir=data_dir)
    assert not (tmp_path / "run").exists()


def test_configuration_of_a_bridge_is_refused(folder, tmp_path):
    message = "not one of a baseline: it has no baseline, beta_1"
    with pytest.raises(ValueError, match=message):
        train_baseline(shipped.config(folder / "savedmodels"), tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        (name, mode)
        for name in BASELINES
        for mode in ("best", "wide", "quick")
        if mode != "wide" or name in ("pix2pix", "cyclegan")
    ],
)
def test_shipped_configurations_are_of_their_model(name, mode):
    settings = configs.load(f"{name}:{mode}")
    assert settings.baseline == name
    assert settings.domains == ("mnist", "mnist_b" if name == "gromov_wasserstein" else "fashion_mnist")
    assert settings.steps_per_checkpoint % settings.steps_per_log == 0
    assert settings.model.get("pool_size", 0) == 0 or settings.model.pool_size >= settings.batch_size


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="Unknown mode 'wide'.*Known: best, quick"):
        configs.load("latent_cyclegan:wide")


@pytest.mark.slow
def test_killed_command_run_again_ends_with_the_bits_of_an_unbroken_run(folder, tmp_path):
    (tmp_path / "config.py").write_text(
        "import tensorflow as tf\n"
        "from pathlib import Path\n"
        "from tests import test_baseline_training as tests\n"
        "def get_config():\n"
        "    tf.config.experimental.enable_op_determinism()\n"
        f"    return tests.config('cyclegan', Path({str(folder)!r}), num_steps=100)\n"
    )

    def start(name):
        flags = [f"--config={tmp_path / 'config.py'}", f"--workdir={tmp_path / name}", f"--data_dir={folder / 'data'}"]
        return subprocess.Popen(
            [sys.executable, str(ROOT / "bin" / "train_baseline.py"), *flags],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    unbroken, killed = start("unbroken"), start("killed")
    while not (tmp_path / "killed" / "checkpoints" / "checkpoint").exists():
        assert killed.poll() is None, killed.communicate()[0]
        time.sleep(0.001)
    killed.kill()
    assert finish(killed)[0] == -signal.SIGKILL
    assert not (tmp_path / "killed" / "baseline.keras").exists()
    for process in (start("killed"), unbroken):
        status, output = finish(process)
        assert status == 0, output
    ours, theirs = (Translator.load(tmp_path / name / "translator").bridge for name in ("killed", "unbroken"))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
