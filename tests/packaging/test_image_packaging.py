"""Packaging of trained models as a pretrained domain, on runs of a second each."""

import json
import re
import shutil

import keras
import numpy as np
import pytest

from latent_xlate.data import images, tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_training import train_image_model
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.packaging import domain_folder
from latent_xlate.packaging.image_packaging import package_image_domain
from tests.support import tiny

OPTIONS = {"epochs": 2, "batch_size": 32, "hidden_units": 16, "seed": 5}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Data sets "bars" and "beams"."""
    folder = tmp_path_factory.mktemp("data")
    for seed, name in enumerate(("bars", "beams")):
        tfds_sets.store(name, {"train": digits_like(240, seed=seed), "test": digits_like(60, seed=9)}, folder)
    return str(folder)


@pytest.fixture(scope="module")
def runs(data_dir, tmp_path_factory):
    """Folder of the runs "vae", "classifier" and, of the other data set, "other"."""
    folder = tmp_path_factory.mktemp("runs")
    for name, dataset in (("vae", "bars"), ("classifier", "bars"), ("other", "beams")):
        model = "classifier" if name == "other" else name
        train_image_model(model, dataset, folder / name, data_dir=data_dir, **OPTIONS)
    return folder


@pytest.fixture(scope="module")
def packaged(runs, data_dir, tmp_path_factory):
    """The folder of a packaged domain and the domain as it was returned."""
    folder = tmp_path_factory.mktemp("savedmodels") / "sticks"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(domain_folder, "NUM_LATENTS", {"train": 100, "test": 40})
        return folder, package(runs, data_dir, folder)


def package(runs, data_dir, folder, vae="vae", classifier="classifier"):
    return package_image_domain("sticks", runs / vae, str(runs / classifier), folder, data_dir=data_dir)


def metrics(runs, name):
    return json.loads((runs / name / "metrics.json").read_text())


def test_weights_are_those_of_the_runs_rounded_to_half_precision(packaged, runs):
    folder, returned = packaged
    domain = Domain.load(folder)
    assert (domain.name, domain.dataset, domain.class_names) == ("sticks", "bars", tiny.CLASS_NAMES)
    for name, network in domain.networks.items():
        trained = keras.saving.load_model(runs / name / "model.keras")
        weights = zip(network.get_weights(), trained.get_weights(), returned.networks[name].get_weights(), strict=True)
        for ours, exact, theirs in weights:
            np.testing.assert_array_equal(ours, exact.astype(np.float16).astype(np.float32))
            np.testing.assert_array_equal(ours, theirs)
        with np.load(folder / f"{name}.npz") as stored:
            assert {array.dtype for array in stored.values()} == {np.dtype(np.float16)}


def test_latents_are_the_first_instances_posteriors_by_the_weights_as_they_ship(packaged, data_dir):
    folder, domain = packaged
    for split, count in (("train", 100), ("test", 40)):
        stored = Latents.load(folder / f"latents_{split}.npz")
        expected = encode_data(domain, images.load("bars", split, data_dir).take(slice(count)))
        np.testing.assert_array_equal(stored.mu, expected.mu.astype(np.float16))
        np.testing.assert_array_equal(stored.sigma, expected.sigma.astype(np.float16))
        np.testing.assert_array_equal(stored.labels, expected.labels)


def test_card_tells_what_was_measured_and_how_it_was_made(packaged, runs):
    folder, _ = packaged
    card = (folder / "MODEL_CARD.md").read_text()
    cells = [re.split(r" *\| *", line)[1:-1] for line in card.splitlines() if "|" in line]
    rows = {first: rest for first, *rest in cells}
    assert rows["epochs"] == ["2", "best of 2 by validation accuracy"]
    assert rows["batch size"] == ["32", "32"]
    assert rows["seed"] == ["5", "5"]
    loss, accuracy = metrics(runs, "vae")["test"]["loss"], metrics(runs, "classifier")["test"]["accuracy"]
    assert rows["on the test images"] == [
        f"negative ELBO {loss:.1f} nats, z at its mean",
        f"accuracy {accuracy:.4f}",
    ]
    assert (
        "bin/train_domain.py --model=vae --dataset=bars --workdir=out/sticks_vae --epochs=2 --seed=5 "
        "--batch_size=32 --hidden_units=16\n"
    ) in card
    assert "bin/package_domain.py --name=sticks --vae=out/sticks_vae --classifier=out/sticks_classifier\n" in card
    named = set(re.findall(r"`([a-z_]+\.(?:npz|json))`", card))
    assert named | {"MODEL_CARD.md"} == {path.name for path in folder.iterdir()}


def test_a_judge_can_be_shared(packaged, runs, data_dir, tmp_path):
    folder, judge = packaged
    domain = package_image_domain("twigs", runs / "vae", str(folder), tmp_path / "twigs", data_dir=data_dir)
    for ours, theirs in zip(domain.classifier.get_weights(), judge.classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    card = (tmp_path / "twigs" / "MODEL_CARD.md").read_text()
    assert "--name=twigs --vae=out/twigs_vae --classifier=sticks\n" in card
    assert "--model=classifier" not in card


def test_files_are_framed_as_the_data_set_was_unless_told_otherwise(packaged, runs, data_dir, tmp_path):
    assert packaged[1].modality.framing == "letterbox"
    package_image_domain("twigs", runs / "vae", None, tmp_path / "twigs", data_dir=data_dir, framing="ink")
    assert Domain.load(tmp_path / "twigs").modality.framing == "ink"
    assert "--vae=out/twigs_vae --framing=ink\n" in (tmp_path / "twigs" / "MODEL_CARD.md").read_text()


def without(name):
    return lambda run: (run / name).unlink()


def holding(name, content):
    return lambda run: (run / name).write_bytes(content)


def cut(name):
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[:-5000])


@pytest.mark.parametrize("which", ["vae", "classifier"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("metrics.json"), "is not a finished run of train_domain: .*metrics.json is missing"),
        (without("model.keras"), "model.keras"),
        (holding("model.keras", b""), "model.keras"),
        (holding("model.keras", b"words"), "model.keras"),
        (cut("model.keras"), "model.keras"),
        (holding("metrics.json", b"{"), "metrics.json"),
    ],
    ids=["unfinished", "no model", "empty model", "foreign model", "cut model", "cut metrics"],
)
def test_unfinished_and_damaged_runs_are_refused_and_nothing_is_written(
    which, spoil, message, runs, data_dir, tmp_path
):
    shutil.copytree(runs, tmp_path / "runs")
    spoil(tmp_path / "runs" / which)
    with pytest.raises(ValueError, match=message) as raised:
        package(tmp_path / "runs", data_dir, tmp_path / "out")
    assert str(tmp_path / "runs" / which) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier": "other"}, "The VAE is of 'bars', the classifier of 'beams'"),
        ({"vae": "classifier"}, "classifier holds a classifier, not a vae"),
        ({"classifier": "vae"}, "vae holds a vae, not a classifier"),
        ({"vae": "nothing"}, "nothing is not a finished run of train_domain"),
        ({"classifier": "nothing"}, "nothing"),
    ],
)
def test_runs_that_do_not_fit_are_refused_and_nothing_is_written(options, message, runs, data_dir, tmp_path):
    with pytest.raises(ValueError, match=message):
        package(runs, data_dir, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_run_of_another_command_is_refused(runs, data_dir, tmp_path):
    shutil.copytree(runs, tmp_path / "runs")
    (tmp_path / "runs" / "vae" / "config.json").write_text('{"model": {"beta_kl": 1.0}}')
    with pytest.raises(ValueError, match="vae holds a run of another command, not a vae"):
        package(tmp_path / "runs", data_dir, tmp_path / "out")


def test_folder_of_something_else_is_left_alone_and_a_domain_is_replaced(packaged, runs, data_dir, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else than a domain"):
        package(runs, data_dir, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    shutil.copytree(packaged[0], tmp_path / "out")
    (tmp_path / "out" / "vae.npz").write_bytes(b"old")
    package(runs, data_dir, tmp_path / "out")
    for ours, theirs in zip(
        Domain.load(tmp_path / "out").networks["vae"].get_weights(), packaged[1].vae.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_domain_without_a_judge_has_none_to_share(runs, data_dir, tmp_path):
    tiny.image_domain("bars", classifier=False).save(tmp_path / "bars")
    with pytest.raises(ValueError, match="'bars' has no classifier of images to share"):
        package_image_domain("sticks", runs / "vae", str(tmp_path / "bars"), tmp_path / "out", data_dir=data_dir)
    assert not (tmp_path / "out").exists()
