"""A third kind of data from models to files: arrays, packaged, bridged, exported, translated and shown on the page."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.custom.keras_domain import KerasDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.file_translation import translate_path
from latent_xlate.modalities.array import Array
from latent_xlate.packaging.model_packaging import package_model_domain
from latent_xlate.serving.demo import models, view
from latent_xlate.serving.demo.player import Player
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.translator import Translator
from tests.support import own_models, tiny

pytestmark = pytest.mark.usefixtures("translators_loaded_once")

SHAPE = (3, 5)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Folder of CLASS/*.npy of two classes."""
    folder = tmp_path_factory.mktemp("arrays")
    for label, name in enumerate(("low", "high")):
        (folder / name).mkdir()
        for number, x in enumerate(np.random.default_rng(label).normal(label, 0.3, (20, *SHAPE))):
            np.save(folder / name / f"{number}.npy", x)
    return folder


@pytest.fixture(scope="module")
def domain(files, tmp_path_factory):
    """A domain of models of one's own, packaged with latents of the files."""
    own = KerasDomain.of(
        "signals",
        own_models.decoder(SHAPE),
        own_models.encoder(2, SHAPE),
        modality=Array(SHAPE),
        sigma_kind="log_variance",
    )
    folder = tmp_path_factory.mktemp("domain") / "signals"
    package_model_domain(own, folder, files)
    return Domain.load(folder)


@pytest.fixture(scope="module")
def translator(domain):
    return Translator([domain, tiny.image_domain("digits", 6)], tiny.bridge((3, 6)))


@pytest.fixture(scope="module")
def exported(translator, tmp_path_factory):
    return export_translator(translator, tmp_path_factory.mktemp("exported"))


def test_domain_is_packaged_with_its_modality(domain):
    assert domain.modality == Array(SHAPE)
    assert domain.class_names == ("high", "low")
    assert (domain.data_shape, domain.file_suffix, domain.latent_dim) == (SHAPE, ".npy", 3)


def test_shape_alone_does_not_make_arrays():
    with pytest.raises(ValueError, match=r"\[3, 5, 1\]|\[15\] are neither pictures .* or give their modality"):
        KerasDomain.of("signals", own_models.decoder((15,)))


@pytest.mark.parametrize("kind", ["saved", "exported"])
@pytest.mark.long
def test_files_are_translated_to_and_fro(translator, exported, files, kind, tmp_path):
    where = exported if kind == "exported" else translator.save(tmp_path / "saved")
    path = files / "low" / "3.npy"
    x = np.load(path)[np.newaxis].astype(np.float32)
    assert translate_path(where, "signals", "signals", path, tmp_path / "a") == (1, 0)
    result = np.load(tmp_path / "a" / "3.npy")
    np.testing.assert_allclose(result, translator.reconstruct(x, "signals")[0], atol=1e-5)
    assert translate_path(where, "signals", "digits", files / "low", tmp_path / "b") == (20, 0)
    pixels = tf.io.decode_png((tmp_path / "b" / "3.png").read_bytes()).numpy()
    np.testing.assert_allclose(pixels / 255, translator.translate(x, "signals", "digits")[0], atol=3e-3)
    assert translate_path(where, "digits", "signals", tmp_path / "b" / "3.png", tmp_path / "c") == (1, 0)
    assert np.load(tmp_path / "c" / "3.npy").shape == SHAPE
    grid = tf.io.decode_png((tmp_path / "b" / "grid.png").read_bytes()).numpy()
    assert np.ptp(grid.astype(int), axis=-1).max() > 100  # Heat maps are in colour.


def test_batches_of_arrays_are_translated_and_checked(translator, exported, tmp_path):
    x = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x)
    translate_path(exported, "signals", "signals", tmp_path / "x.npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "x.npz") as result:
        np.testing.assert_allclose(result["x"], translator.reconstruct(x, "signals"), atol=1e-5)
    np.save(tmp_path / "rows.npy", x)
    translate_path(exported, "signals", "signals", tmp_path / "rows.npy", tmp_path / "out")
    np.testing.assert_allclose(np.load(tmp_path / "out" / "rows.npy"), translator.reconstruct(x, "signals"), atol=1e-5)
    np.save(tmp_path / "bad.npy", x[0, :1])
    with pytest.raises(ValueError, match="bad.npy: The file holds no array of numbers of shape "):
        translate_path(exported, "signals", "signals", tmp_path / "bad.npy", tmp_path / "out")


def test_signature_takes_and_gives_npy(translator, exported, files):
    content = [(files / "low" / f"{number}.npy").read_bytes() for number in range(3)]
    signature = load_export(exported).signatures["signals_to_signals"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="no npy file"):
        signature(data_bytes=tf.constant([b"no array"]))
    results = signature(data_bytes=tf.constant(content))["data_bytes"]
    x = translator.domain("signals").read(tf.constant(content)).numpy()
    np.testing.assert_allclose(
        translator.domain("signals").read(results), translator.reconstruct(x, "signals"), atol=1e-5
    )


def test_page_shows_heat_maps_and_reads_files(translator, files, tmp_path):
    player = Player(models.load_models(translator.save(tmp_path / "saved")))
    z, _ = player.read("signals", str(files / "low" / "3.npy"))
    x = np.load(files / "low" / "3.npy")[np.newaxis].astype(np.float32)
    np.testing.assert_allclose(z, translator.domain("signals").encode(x)[0][0], atol=1e-5)
    (shown,) = player.show("signals", z[np.newaxis])
    assert shown.picture.shape == (*SHAPE, 3) and shown.sound is None
    mean, _ = player.translate(z, "signals", "digits", 0, 0, 1.0)
    assert "data:image/png" in view.results("signals", shown, {"digits": (mean, [])})
    with pytest.raises(ValueError, match="notes.npy cannot be read: The file is no npy file"):
        (tmp_path / "notes.npy").write_text("words")
        player.read("signals", str(tmp_path / "notes.npy"))
