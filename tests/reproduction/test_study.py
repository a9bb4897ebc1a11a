import dataclasses
import json
import shutil

import numpy as np
import pytest

from latent_xlate.domains import pretrained
from latent_xlate.latents.sources import load_latents
from latent_xlate.reproduction import experiments
from latent_xlate.reproduction.study import Study
from tests.support import shipped, small_domains, tiny


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of domains in `savedmodels`, and of a study in `out` that has made `bridge()`."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        small_domains.write_domains(folder / "savedmodels", patch)
        Study(folder / "out", small_domains.SETTINGS).train(bridge())
    return folder


@pytest.fixture
def study(made, tmp_path, monkeypatch):
    """One that has made nothing yet."""
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(made / "savedmodels"))
    return Study(tmp_path / "out", small_domains.SETTINGS)


@pytest.fixture
def study_with_bridge(study, made):
    """One that has made `bridge()`."""
    shutil.copytree(made / "out", study.output, dirs_exist_ok=True)
    return study


def bridge(settings=small_domains.SETTINGS, name="mnist_fashion_mnist"):
    return experiments.bridges(settings, name)[0]


def test_a_run_is_made_once_and_keeps_no_checkpoints(study_with_bridge):
    study = study_with_bridge
    metrics = study.metrics(bridge())
    folder = study.run_folder(bridge())
    assert {path.name for path in folder.iterdir()} == {"bridge.keras", "config.json", "events", "metrics.json"}
    assert json.loads((folder / "config.json").read_text())["num_steps"] == 4
    assert metrics["instances"] == {"mnist": 60, "fashion_mnist": 60}
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = Study(study.output, small_domains.SETTINGS)
    assert again.metrics(bridge()) == metrics
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


@pytest.mark.long
def test_numbers_alone_will_do_until_the_model_is_needed(study_with_bridge):
    study = study_with_bridge
    metrics = study.metrics(bridge())
    model = study.run_folder(bridge()) / "bridge.keras"
    model.unlink()
    assert study.metrics(bridge()) == metrics
    assert not model.exists()
    assert study.translator(bridge()).names == ["mnist", "fashion_mnist"]
    assert model.exists()
    assert study.metrics(bridge()) == metrics


def test_numbers_are_of_the_model_that_is_kept(study_with_bridge):
    study, config = study_with_bridge, bridge()
    accuracy = study.metrics(config)["transfers"]["mnist_to_fashion_mnist"]["accuracy"]
    translator = study.translator(config)
    latents, _ = study.test_data(translator.domain("mnist"))
    mnist, fashion = translator.domains.values()
    before = np.argmax(mnist.classify(mnist.decode(latents.mu)), axis=1)
    after = np.argmax(
        fashion.classify(fashion.decode(translator.translate_latents(latents.mu, "mnist", "fashion_mnist"))), axis=1
    )
    assert accuracy == np.mean(before == after)


@pytest.mark.long
def test_latents_are_loaded_once_for_all_runs_which_do_not_change_them(study, made, monkeypatch):
    loaded = []

    def load(domain, folder, latents, split, data_dir=None):
        loaded.append((folder, latents, split))
        return load_latents(domain, folder, latents, split, data_dir)

    few = experiments.bridges(small_domains.SETTINGS, "mnist_fashion_mnist")[0]
    few.update({"labels_per_class": 1, "sampling": "mixed"})
    alone = Study(made / "out", small_domains.SETTINGS).metrics(bridge())
    monkeypatch.setattr("latent_xlate.reproduction.study.load_latents", load)
    study.train(few)
    assert study.metrics(bridge()) == alone
    trained_on = [(folder, latents) for folder, latents, split in loaded if split == "train"]
    assert trained_on == [("mnist", "shipped"), ("fashion_mnist", "shipped")]


@pytest.mark.long
def test_a_cut_run_goes_on(study, made, monkeypatch):
    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("latent_xlate.reproduction.study.evaluate", full_disk)
    with pytest.raises(OSError):
        study.train(bridge())
    assert (study.run_folder(bridge()) / "checkpoints").is_dir()
    monkeypatch.undo()
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(made / "savedmodels"))
    assert study.metrics(bridge())["model"] == "BridgingVAE"
    assert not (study.run_folder(bridge()) / "checkpoints").exists()


def test_folder_follows_from_configuration_and_weights(study):
    folder = study.run_folder(bridge())
    assert folder.name.startswith("bridge_mnist_fashion_mnist_")
    assert study.run_folder(bridge()) == folder
    assert study.run_folder(bridge(dataclasses.replace(small_domains.SETTINGS, num_steps=5))) != folder
    other = experiments.bridges(small_domains.SETTINGS, "mnist_fashion_mnist", shared_dim=5)[0]
    assert study.run_folder(other) != folder


def test_other_weights_under_the_same_name_are_another_run(study, tmp_path, monkeypatch):
    folder = study.run_folder(bridge())
    small_domains.write_domains(tmp_path / "others", monkeypatch)
    tiny.image_domain("mnist", shipped.LATENT_DIMS["digits"], seed=9).save(tmp_path / "others" / "mnist")
    assert study.run_folder(bridge()) != folder


def test_what_cannot_be_made_is_said_in_a_sentence(study):
    assert study.lacks(bridge()) is None
    assert study.lacks(bridge(name="mnist_spoken_digit")) == "No pretrained domain spoken_digit ships."
    settings = dataclasses.replace(small_domains.SETTINGS, data_dir=str(study.output / "nothing"))
    lacking = Study(study.output, settings)
    config = experiments.baselines(settings, "pix2pix", ("mnist", "fashion_mnist"))[0]
    assert "Data set 'mnist' is not prepared" in lacking.lacks(config)


def test_measurements_are_made_once_for_each_key(study):
    calls = []

    def measure():
        calls.append(1)
        return {"seconds": 2.5}

    assert study.cached("time", {"quick": True}, measure) == {"seconds": 2.5}
    assert study.cached("time", {"quick": True}, measure) == {"seconds": 2.5}
    assert len(calls) == 1
    study.cached("time", {"quick": False}, measure)
    assert len(calls) == 2


def test_examples_are_of_every_class_in_turn(study):
    latents, pictures = study.examples("mnist", 3)
    np.testing.assert_array_equal(latents.labels, np.tile(np.arange(10), 3))
    assert len(np.unique(latents.mu, axis=0)) == 30
    assert pictures.shape == (30, 28, 28, 1)
