"""Domains of latents alone, bridged with one of pictures and with each other: the whole way of a user."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.bridge_training import train_bridge
from latent_xlate.data import disk_arrays
from latent_xlate.evaluation import runs
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.file_translation import translate_path
from latent_xlate.latents.sources import load_latents
from latent_xlate.packaging.latent_packaging import package_latents
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.translator import Translator
from tests.support import latents_alone, shipped
from tests.support.tolerances import assert_close

SCALE, OFFSET = 1e3, -400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A domain of pictures, `digits`, one of labelled latents of a large scale, `faces`, and their trained bridge."""
    folder = shipped.write(tmp_path_factory.mktemp("alone"))
    latents_alone.package(folder / "faces", like="clothes", scale=SCALE, offset=OFFSET)
    config = shipped.config(folder, num_steps=400, batch_size=50, learning_rate=3e-3, steps_per_log=200)
    config.model.update(shared_dim=8, hidden_units=(64, 64))
    config.domains = (str(folder / "digits"), str(folder / "faces"))
    translator = train_bridge(config, folder / "run")
    translator.save(folder / "run" / "translator")
    return folder


@pytest.fixture(scope="module")
def translator(folder):
    return Translator.load(folder / "run" / "translator")


@pytest.fixture(scope="module")
def faces(folder, translator):
    return load_latents(translator.domain("faces"), str(folder / "faces"), "shipped", "test")


def test_latents_in_the_users_scale_become_latents_of_their_class(translator, faces, folder):
    assert abs(faces.mu).max() > SCALE
    digits = load_latents(translator.domain("digits"), str(folder / "digits"), "shipped", "test")
    z = translator.translate_latents(digits.mu, "digits", "faces")
    assert isinstance(z, np.ndarray)
    domain = translator.domain("faces")
    classes = np.argmax(domain.classify(domain.decode(z)), axis=1)
    assert np.mean(classes == digits.labels) > 0.6
    back = translator.translate_latents(faces.mu, "faces", "faces")
    error = np.square(domain.to_bridge(back) - domain.to_bridge(faces.mu)).mean()
    assert error < 0.5  # Of a variance of 1.


def test_a_translation_is_that_of_the_bridge_of_standardised_latents(translator, faces):
    domain = translator.domain("faces")
    expected = translator.bridge.translate(tf.constant(domain.to_bridge(faces.mu)), 1, 0)
    for z in (faces.mu, faces.mu.astype(np.float64), tf.constant(faces.mu)):
        assert_close(translator.translate_latents(z, "faces", "digits"), expected, rtol=1e-4, atol=1e-4)
    there = translator.bridge.translate(tf.constant(faces.mu[:, :5] / SCALE), 1, 1)
    assert there.shape == (len(faces), 5)
    x = domain.decode(faces.mu).numpy()
    assert_close(translator.translate(x, "faces", "digits"), translator.domain("digits").decode(expected), atol=1e-4)
    mu, _ = translator.encode(x, "faces")
    assert_close(translator.decode(mu, "faces"), translator.translate(x, "faces", "faces"), rtol=1e-4, atol=1e-2)


def test_samples_of_arrays_depend_on_seed_and_temperature_like_those_of_data(translator, faces):
    x = translator.domain("faces").decode(faces.mu).numpy()
    z = translator.translate_latents(faces.mu, "faces", "faces", sample=True, seed=3)
    assert_close(z, translator.translate(x, "faces", "faces", True, 3), rtol=1e-4, atol=1e-2)
    same = translator.translate_latents(faces.mu, "faces", "faces", temperature=0)
    assert_close(same, translator.translate_latents(faces.mu, "faces", "faces"), rtol=1e-5)
    assert not np.allclose(z, same, rtol=1e-2)


@pytest.mark.parametrize(
    ("z", "sentence"),
    [
        (np.zeros((3, 4), np.float32), r"z has shape \[3, 4\]; expected \[batch, 5\]"),
        (np.full((3, 5), np.nan, np.float32), "z has 15 NaN or infinite values"),
        (np.zeros((3, 5), int), "z has dtype int64; latents of 'faces' are floats"),
    ],
)
def test_arrays_that_are_no_latents_are_refused(z, sentence, translator):
    with pytest.raises(ValueError, match=sentence):
        translator.translate_latents(z, "faces", "digits")


def test_novelty_of_latents_alone_is_refused_in_a_sentence(translator, faces):
    with pytest.raises(ValueError, match="Domain 'faces' has latents alone, so that its novelty cannot be told."):
        translator.novelty(faces.mu, "faces")


# ---- Files ------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_file_of_latents_becomes_a_file_of_latents(folder, translator, faces, tmp_path):
    expected = translator.translate_latents(faces.mu, "faces", "faces")
    np.savez(tmp_path / "mu.npz", mu=faces.mu, sigma=faces.sigma, labels=faces.labels)
    np.savez(tmp_path / "z.npz", z=faces.mu)
    np.save(tmp_path / "z.npy", faces.mu)
    for name in ("mu.npz", "z.npz", "z.npy"):
        for output in (tmp_path / "out.npz", tmp_path / "out.npy"):
            counts = translate_path(folder / "run" / "translator", "faces", "faces", tmp_path / name, output)
            found = np.load(output)
            assert counts == (1, 0)
            found = found if output.suffix == ".npy" else found["z"]
            assert_close(found, expected, rtol=1e-4, atol=1e-2)
    translate_path(folder / "run" / "translator", "faces", "digits", tmp_path / "z.npy", tmp_path / "out")
    assert_close(
        np.load(tmp_path / "out" / "z.npy"),
        translator.translate(translator.domain("faces").decode(faces.mu).numpy(), "faces", "digits"),
        atol=1e-4,
    )
    assert (tmp_path / "out" / "grid.png").is_file()
    assert not (tmp_path / "grid.png").exists()


@pytest.mark.long
def test_pictures_become_one_file_of_latents_or_one_each_and_a_latent_a_picture(folder, translator, faces, tmp_path):
    digits = translator.domain("digits")
    x = digits.decode(tf.zeros([3, digits.latent_dim]) + tf.constant([[0.0], [1.0], [2.0]]))
    (tmp_path / "pictures").mkdir()
    for number, content in enumerate(digits.write(x).numpy()):
        (tmp_path / "pictures" / f"{number}.png").write_bytes(content)
    read = digits.read(digits.write(x)).numpy()
    expected = translator.translate(read, "digits", "faces")
    path = folder / "run" / "translator"
    translate_path(path, "digits", "faces", tmp_path / "pictures", tmp_path / "faces.npz")
    with np.load(tmp_path / "faces.npz") as found:
        assert found["files"].tolist() == ["0.png", "1.png", "2.png"]
        assert_close(found["z"], expected, rtol=1e-4, atol=1e-1)
    translate_path(path, "digits", "faces", tmp_path / "pictures", tmp_path / "faces")
    assert_close(np.load(tmp_path / "faces" / "1.npy"), expected[1], rtol=1e-4, atol=1e-1)
    np.save(tmp_path / "one.npy", faces.mu[0])
    translate_path(path, "faces", "digits", tmp_path / "one.npy", tmp_path / "digits")
    assert (tmp_path / "digits" / "one.png").is_file()


def test_outputs_that_cannot_be_one_file(folder, faces, tmp_path):
    path = folder / "run" / "translator"
    np.save(tmp_path / "one.npy", faces.mu[0])
    np.savez(tmp_path / "z.npz", z=faces.mu)
    cases = {
        ("faces", "digits", "one.npy", "two.npz"): "two.npz cannot hold the translations, which are png files: give a",
        ("faces", "faces", "z.npz", "z.npz"): "The output .*z.npz is the input: give another.",
        ("faces", "faces", ".", "out.npz"): "out.npz would be one file of the translations of 2: give a folder.",
    }
    for (source, target, given, output), sentence in cases.items():
        with pytest.raises(ValueError, match=sentence):
            translate_path(path, source, target, tmp_path / given, tmp_path / output)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.npy", "z.npz"]


# ---- Evaluation -------------------------------------------------------------------------------


def test_evaluation_judges_latents_and_says_so_once(folder, translator, tmp_path, capsys):
    path = folder / "run" / "translator"
    table = runs.evaluate_runs([str(path)], tmp_path / "evaluation", latents="shipped,dataset")
    metrics = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())["runs"][0]
    scores = metrics["transfers"]["digits_to_faces"]
    assert scores["label_accuracy"] > 0.6
    assert 0 < scores["swd"] < 1
    assert metrics["domains"]["faces"]["fid_reference"] == "latents"
    assert metrics["domains"]["faces"]["bridge_reconstruction"] > 0.6
    assert "acceptance" not in metrics["domains"]["faces"]
    assert metrics["individual"]["reconstructions"]["faces"] == {}  # Too few of a class.
    assert table.count("Domain 'faces' has latents alone: its judge sees latents, not data") == 1
    assert "shipped of faces" in table
    assert (tmp_path / "evaluation" / "figures" / "digits_to_faces.png").is_file()


def test_swd_of_the_own_latents_is_small_and_of_others_large(translator, faces, folder):
    digits = load_latents(translator.domain("digits"), str(folder / "digits"), "shipped", "test")
    metrics = evaluate(translator, {"digits": digits, "faces": faces})
    shifted = faces.mu + 3 * SCALE
    moved = evaluate(translator, {"digits": digits, "faces": type(faces)(shifted, faces.sigma, faces.labels)})
    assert moved["transfers"]["digits_to_faces"]["swd"] > 3 + metrics["transfers"]["digits_to_faces"]["swd"]
    assert moved["domains"]["faces"]["swd_floor"] == pytest.approx(metrics["domains"]["faces"]["swd_floor"], rel=1e-2)


def test_latents_of_another_model_of_the_name_are_refused(folder, translator, tmp_path):
    shutil.copytree(folder / "run" / "translator", tmp_path / "run" / "translator")
    shutil.copytree(folder / "digits", tmp_path / "digits")
    latents_alone.package(tmp_path / "faces", like="clothes", scale=1.0)
    config = json.loads((folder / "run" / "config.json").read_text())
    config["domains"] = [str(tmp_path / "digits"), str(tmp_path / "faces")]
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="not those of domain 'faces' of .*, which is another model"):
        evaluate(translator, folder=tmp_path / "run" / "translator")


# ---- Export -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(translator, tmp_path_factory):
    return load_export(export_translator(translator, tmp_path_factory.mktemp("export")))


def test_signatures_take_and_give_the_users_latents(exported, translator, faces):
    signatures = exported.signatures
    assert {"faces_to_digits_latents", "digits_to_faces_latents_sampled", "digits_to_faces"} <= set(signatures)
    assert not [name for name in signatures if name.startswith("novelty_faces")]
    for target in ("faces", "digits"):
        z = signatures[f"faces_to_{target}_latents"](z=tf.constant(faces.mu))["z"]
        expected = translator.translate_latents(faces.mu, "faces", target)
        assert_close(z, expected, rtol=1e-4, atol=1e-1 if target == "faces" else 1e-4)
    contents = translator.domain("faces").write(tf.constant(faces.mu[:2]))
    png = signatures["faces_to_digits"](data_bytes=contents)["data_bytes"]
    assert png.numpy()[0].startswith(b"\x89PNG")


# ---- Latents on both sides, and unlabelled ones -----------------------------------------------------


@pytest.mark.long
def test_unlabelled_latents_on_both_sides_are_bridged_from_disk(tmp_path, monkeypatch):
    for name, like in (("first", "digits"), ("second", "clothes")):
        package_latents(name, {"z": latents_alone.arrays(like)["mu"]}, tmp_path / name)
    config = shipped.config(tmp_path, num_steps=30, sampling="uniform", patience=2, latents="dataset+augmented")
    config.domains = tuple(str(tmp_path / name) for name in ("first", "second"))
    in_memory = train_bridge(config, tmp_path / "memory")
    monkeypatch.setattr(disk_arrays, "LARGE", 0)
    from_disk = train_bridge(config, tmp_path / "disk")
    for ours, theirs in zip(from_disk.bridge.get_weights(), in_memory.bridge.get_weights(), strict=True):
        assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    metrics = evaluate(from_disk, folder=tmp_path / "disk" / "translator")
    assert metrics["transfers"]["first_to_second"].keys() == {"source", "target", "swd"}
    assert len(metrics["remarks"]) == 2
    assert "and no labels: of translations to it nothing is measured but" in metrics["remarks"][0]
