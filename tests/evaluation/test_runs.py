import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from latent_xlate.baselines.linear_maps import AffineBridge
from latent_xlate.data import images
from latent_xlate.domains import pretrained
from latent_xlate.evaluation import accuracy, runs
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.evaluation.report import summarise
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents
from latent_xlate.translator import Translator
from tests.support import shipped as shipped_domains
from tests.support import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two saved translators and, of their domains, shipped latents and stored data sets."""
    folder = tmp_path_factory.mktemp("runs")
    generator = np.random.default_rng(0)
    # The base models stay as they are from seed to seed; the bridge does not.
    first = tiny.translator()
    second = Translator(list(first.domains.values()), tiny.bridge((6, 5), seed=1))
    for name, domain in first.domains.items():
        domain.save(folder / "savedmodels" / name)
        for split, count in (("train", 30), ("test", 24)):
            mu = generator.normal(size=(count, domain.latent_dim)).astype(np.float32)
            labels = np.arange(count, dtype=np.int32) % 10
            Latents(mu, np.full_like(mu, 0.1), labels).save(folder / "savedmodels" / name / f"latents_{split}.npz")
    first.save(folder / "first")
    second.save(folder / "second")
    return folder


@pytest.fixture(scope="module")
def data_dir(folder):
    generator = np.random.default_rng(1)
    features = tfds.features.FeaturesDict(
        {"image": tfds.features.Image(shape=(28, 28, 1)), "label": tfds.features.ClassLabel(num_classes=10)}
    )
    for name in ("digits", "clothes"):
        arrays = {
            "image": generator.integers(0, 256, (40, 28, 28, 1), dtype=np.uint8),
            "label": np.arange(40, dtype=np.int64) % 10,
        }
        splits = dict.fromkeys(["train", "test"], tf.data.Dataset.from_tensor_slices(arrays))
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name, version="1.0.0", features=features, split_datasets=splits, data_dir=folder / "data"
        )
    return str(folder / "data")


@pytest.fixture(autouse=True)
def shipped(folder, monkeypatch):
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(folder / "savedmodels"))


@pytest.mark.long
def test_shipped_test_latents_of_two_runs(folder, tmp_path):
    translators = [str(folder / "first"), str(folder / "second")]
    table = runs.evaluate_runs(translators, tmp_path)
    written = json.loads((tmp_path / "metrics.json").read_text())
    latents = {name: Latents.load(folder / "savedmodels" / name / "latents_test.npz") for name in ("digits", "clothes")}
    expected = [evaluate(Translator.load(path), latents) for path in translators]
    assert written["runs"] == [{"translator": path} | run for path, run in zip(translators, expected, strict=True)]
    assert written["summary"] == summarise(expected)
    assert (written["latents"], written["split"]) == ({"digits": "shipped", "clothes": "shipped"}, "test")
    assert [run["seeds"]["training"] for run in written["runs"]] == [0, 1]
    assert (tmp_path / "table.md").read_text(encoding="utf-8") == table
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "clothes_to_digits.png",
        "clothes_to_digits_confusion.png",
        "digits_to_clothes.png",
        "digits_to_clothes_confusion.png",
    ]


@pytest.mark.long
def test_runs_of_few_labels_give_a_curve(folder, tmp_path):
    translators = []
    for name, count in (("first", 1), ("second", 10)):
        run = tmp_path / name
        shutil.copytree(folder / name, run / "translator")
        settings = {"domains": ["digits", "clothes"], "labels_per_class": count, "label_seed": 5, "label_file": None}
        (run / "config.json").write_text(json.dumps(settings))
        (run / "labelled.json").write_text(json.dumps({"digits": [0], "clothes": [1]}))
        translators.append(str(run / "translator"))
    table = runs.evaluate_runs(translators, tmp_path / "out", labels_per_class=[1, 10])
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [point["labels_per_class"] for point in written["curve"]] == [1, 10]
    accuracies = [run["transfers"]["digits_to_clothes"]["accuracy"] for run in written["runs"]]
    for point, score in zip(written["curve"], accuracies, strict=True):
        assert point["summary"]["transfers"]["digits_to_clothes"]["accuracy"]["mean"] == score
        assert f"{score:.4f}" in table
    assert (tmp_path / "out" / "figures" / "label_curve.svg").read_text().startswith("<?xml")
    with pytest.raises(ValueError, match="number of labels have no common mean"):
        runs.evaluate_runs(translators, tmp_path / "mixed", latents="samples")  # There are none, which comes later.
    with pytest.raises(ValueError, match="No run learnt from 100"):
        runs.evaluate_runs(translators, tmp_path / "missing", labels_per_class=[1, 10, 100])


def test_translators_that_do_not_go_together_are_refused_before_any_is_measured(folder, tmp_path):
    first = Translator.load(folder / "first")
    Translator(list(first.domains.values()), AffineBridge((6, 5), 10)).save(tmp_path / "affine")
    translators = [str(folder / "first"), str(tmp_path / "affine")]
    for measured, message in (
        ({}, "no common mean: protocol held_out of a AffineBridge of digits, clothes and protocol held_out of a Bridg"),
        ({"translators": translators[1:], "temperature": 0.5}, "no shared latent to sample: leave out"),
    ):
        with pytest.raises(ValueError, match=message):
            runs.evaluate_runs(measured.pop("translators", translators), tmp_path, latents="samples", **measured)


@pytest.mark.long
def test_translations_at_a_temperature_are_measured_and_drawn(folder, tmp_path):
    pictures = {}
    for temperature in (0.0, 0.5):
        out = tmp_path / str(temperature)
        table = runs.evaluate_runs([str(folder / "first")], out, seed=2, temperature=temperature)
        assert ("protocol held_out, temperature 0.5, 1 run" in table) == (temperature > 0)
        pictures[temperature] = (out / "figures" / "digits_to_clothes.png").read_bytes()
        written = json.loads((out / "metrics.json").read_text())
        assert [each.get("temperature", 0) for each in (written["summary"], *written["runs"])] == [temperature] * 2
    assert pictures[0.0] != pictures[0.5]


def test_metrics_say_which_labels_a_run_saw(folder, tmp_path):
    run = tmp_path / "run"
    Translator.load(folder / "first").save(run / "translator")
    instances = {"digits": [3, 5], "clothes": [0, 1]}
    (run / "labelled.json").write_text(json.dumps(instances))
    settings = {"labels_per_class": 1, "label_seed": 7, "label_file": None}
    (run / "config.json").write_text(json.dumps(settings | {"seed": 0}))
    runs.evaluate_runs([str(run / "translator")], tmp_path / "out", with_figures=False)
    (measured,) = json.loads((tmp_path / "out" / "metrics.json").read_text())["runs"]
    assert measured["labels_seen"] == settings | {"instances": instances}


def test_data_sets_are_encoded_and_measure_the_base_models(folder, data_dir, tmp_path):
    runs.evaluate_runs([str(folder / "first")], tmp_path, "dataset", data_dir, with_figures=False)
    (run,) = json.loads((tmp_path / "metrics.json").read_text())["runs"]
    translator = Translator.load(folder / "first")
    stored = {name: images.load(name, "test", data_dir) for name in translator.names}
    latents = {name: encode_data(translator.domain(name), stored[name]) for name in translator.names}
    data = {name: (of.floats, of.labels) for name, of in stored.items()}
    assert run == {"translator": str(folder / "first")} | evaluate(translator, latents, data=data)
    assert run["domains"]["digits"]["fid_reference"] == "data"
    assert not (tmp_path / "figures").exists()


def test_reference_protocol_takes_training_latents(folder, tmp_path):
    runs.evaluate_runs([str(folder / "first")], tmp_path, protocol="reference", seed=5, with_figures=False)
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written["split"] == "train"
    assert written["runs"][0]["instances"] == {"digits": 30, "clothes": 30}
    assert written["runs"][0]["seeds"]["evaluation"] == 5


@pytest.mark.long
def test_speech_is_measured_from_recordings_and_from_samples(tmp_path, monkeypatch):
    folder = shipped_domains.write_words(tmp_path / "savedmodels")
    digits = tiny.image_domain("digits", 6, classifier=False)
    digits.save(folder / "digits")
    shipped_domains.latents("digits", 12).save(folder / "digits" / "latents_test.npz")
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(folder))
    monkeypatch.setattr(accuracy, "PRIOR_SAMPLES", 50)
    words = pretrained.load_domain("words")
    Translator([digits, words], tiny.bridge((6, 4))).save(tmp_path / "translator")
    written = {}
    for kind in ("shipped", "samples"):
        arguments = [str(tmp_path / "translator")], tmp_path / kind, f"shipped,{kind}"
        table = runs.evaluate_runs(*arguments, with_figures=kind == "samples")
        assert table.startswith(f"Latents, split test: shipped of digits, {kind} of words.")
        written[kind] = json.loads((tmp_path / kind / "metrics.json").read_text())
        (run,) = written[kind]["runs"]
        latents = {
            "digits": Latents.load(folder / "digits" / "latents_test.npz"),
            "words": load_latents(words, "words", kind, "test"),
        }
        expected = evaluate(Translator.load(tmp_path / "translator"), latents)
        assert run == {"translator": str(tmp_path / "translator")} | expected
        assert 0 <= run["domains"]["words"]["acceptance"] <= 1
        assert run["domains"]["digits"] == {}
    assert written["shipped"]["runs"] != written["samples"]["runs"]
    names = sorted(path.name for path in (tmp_path / "samples" / "figures").iterdir())
    assert names == ["digits_to_words.png"]  # Digits have no judge here, so no target is scored on them.


def test_translators_of_other_domains_are_refused_before_anything_is_written(folder, tmp_path):
    other = Translator([tiny.image_domain("digits", 6), tiny.image_domain("shoes", 5)], tiny.bridge((6, 5)))
    other.save(tmp_path / "other")
    with pytest.raises(ValueError, match="other is of digits, shoes, .*first of digits, clothes"):
        runs.evaluate_runs([str(folder / "first"), str(tmp_path / "other")], tmp_path / "output")
    assert not (tmp_path / "output").exists()


def test_missing_latents_are_named(folder, tmp_path, monkeypatch):
    for name, domain in tiny.translator().domains.items():
        domain.save(tmp_path / "savedmodels" / name)
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(tmp_path / "savedmodels"))
    with pytest.raises(ValueError, match="no file of latents .*digits/latents_test.npz"):
        runs.evaluate_runs([str(folder / "first")], tmp_path / "output")
    assert not (tmp_path / "output").exists()


def test_shipped_latents_of_another_model_of_the_same_name_are_refused(folder, tmp_path):
    domains = [tiny.image_domain("digits", 6), tiny.image_domain("clothes", 5, seed=7)]  # The second is seed 1's.
    Translator(domains, tiny.bridge((6, 5))).save(tmp_path / "other")
    message = "not those of domain 'clothes' of .*other, which is another model.*--latents=dataset"
    with pytest.raises(ValueError, match=message):
        runs.evaluate_runs([str(tmp_path / "other")], tmp_path / "output")
    assert not (tmp_path / "output").exists()


def test_domain_that_does_not_ship_is_sent_to_its_data_set(folder, tmp_path):
    domains = [tiny.image_domain("digits", 6), tiny.image_domain("shoes", 5)]
    Translator(domains, tiny.bridge((6, 5))).save(tmp_path / "other")
    message = "No latents ship for domain 'shoes' of .*other, only for clothes, digits. .*--latents=dataset"
    with pytest.raises(ValueError, match=message):
        runs.evaluate_runs([str(tmp_path / "other")], tmp_path / "output")
    assert not (tmp_path / "output").exists()


def test_output_that_is_a_file_is_refused_before_the_work(tmp_path):
    (tmp_path / "output").write_text("mine")
    with pytest.raises(ValueError, match="output is not a folder"):
        runs.evaluate_runs(["nowhere"], tmp_path / "output")
    assert (tmp_path / "output").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latents": "shiped"}, "Unknown kind of latents 'shiped'. Did you mean 'shipped'"),
        ({"protocol": "held-out"}, "Unknown protocol 'held-out'. Did you mean 'held_out'"),
        ({"folders": ["nowhere"]}, "no translator in nowhere"),
        ({"latents": "dataset", "data_dir": "nowhere"}, "'digits'"),
    ],
)
def test_bad_settings_are_refused_and_nothing_is_written(folder, tmp_path, arguments, message):
    settings = {"folders": [str(folder / "first")], "output": tmp_path / "output"} | arguments
    with pytest.raises(ValueError, match=message):
        runs.evaluate_runs(**settings)
    assert not (tmp_path / "output").exists()
