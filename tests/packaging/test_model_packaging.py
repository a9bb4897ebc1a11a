"""A user's own models as a domain, by the real command, bridged, exported and served as any other."""

import io
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from latent_xlate.data.class_folders import read_folder
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.custom.keras_domain import KerasDomain
from latent_xlate.domains.custom.saved_model_domain import SavedModelDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities.audio import Audio
from latent_xlate.packaging import model_packaging
from latent_xlate.packaging.model_packaging import package_model_domain
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.translator import Translator
from tests.support import own_models, raw, tiny
from tests.support.paths import ROOT
from tests.support.tolerances import assert_close


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """48 pictures of four classes."""
    return raw.write_image_folder(tmp_path_factory.mktemp("pictures"), digits_like(48, 4, image_size=8))


def test_latents_are_those_of_the_files(pictures, tmp_path):
    own = KerasDomain.of("own", own_models.decoder(), own_models.encoder(), own_models.classifier())
    shipped = package_model_domain(own, tmp_path / "own", pictures)
    assert shipped.class_names == ("0", "1", "2", "3")
    train, test = (Latents.load(tmp_path / "own" / f"latents_{split}.npz") for split in ("train", "test"))
    assert np.bincount(train.labels).tolist() == [10, 10, 10, 10]
    assert np.bincount(test.labels).tolist() == [2, 2, 2, 2]
    np.testing.assert_allclose(train.mu.mean(axis=0), 0, atol=2e-3)
    np.testing.assert_allclose(train.mu.std(axis=0), 1, atol=2e-3)
    x = read_folder(pictures, own.modality)["test"]
    ours = np.sort(np.asarray(Domain.load(tmp_path / "own").encode(tf.constant(x.floats))[0]), axis=0)
    np.testing.assert_allclose(ours, np.sort(test.mu, axis=0), atol=4e-3)
    assert "accuracy of the classifier" in (tmp_path / "own" / "MODEL_CARD.md").read_text()


def test_unlabelled_files_and_models_without_encoder(pictures, tmp_path, monkeypatch):
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, path in enumerate(sorted(pictures.glob("*/*.png"))):
        (flat / f"{number}.png").write_bytes(path.read_bytes())
    own = KerasDomain.of("own", own_models.decoder(), own_models.encoder())
    assert package_model_domain(own, tmp_path / "own", flat).class_names == ()
    assert (Latents.load(tmp_path / "own" / "latents_train.npz").labels == -1).all()
    monkeypatch.setattr(model_packaging, "NUM_SAMPLES", {"train": 30, "test": 10})
    package_model_domain(KerasDomain.of("gan", own_models.decoder()), tmp_path / "gan")
    samples = Latents.load(tmp_path / "gan" / "samples_train.npz")
    assert (len(samples), set(samples.labels.tolist()), samples.sigma.max()) == (30, {-1}, 0)


def test_what_does_not_fit_is_refused_and_nothing_is_written(pictures, tmp_path):
    own = KerasDomain.of("own", own_models.decoder(), own_models.encoder())
    with pytest.raises(ValueError, match="needs --data, a folder of files"):
        package_model_domain(own, tmp_path / "own")
    three = raw.write_image_folder(tmp_path / "three", digits_like(36, 3, image_size=8))
    judged = KerasDomain.of("own", own_models.decoder(), own_models.encoder(), own_models.classifier())
    with pytest.raises(ValueError, match="tells 4 classes apart, and there are 3: 0, 1, 2"):
        package_model_domain(judged, tmp_path / "own", three)
    assert not (tmp_path / "own").exists()


@pytest.mark.long
def test_export_of_own_models_needs_nothing_of_them(tmp_path):
    saved = SavedModelDomain.of("saved", own_models.saved_model(tmp_path / "model"))
    own = KerasDomain.of("own", own_models.decoder(), own_models.encoder())
    translator = Translator([saved, own], tiny.bridge((3, 3)))
    again = Translator.load(translator.save(tmp_path / "translator"))
    model = load_export(export_translator(again, tmp_path / "export"))
    x = own_models.pictures()
    for source, target in (("saved", "own"), ("own", "saved"), ("saved", "saved")):
        y = model.signatures[f"{source}_to_{target}_arrays"](x=tf.constant(x))["x"]
        assert_close(y, translator.translate(x, source, target), atol=1e-6)
    files = model.signatures["saved_to_own"](data_bytes=saved.write(tf.constant(x)))["data_bytes"]
    assert files.shape == (5,)


@pytest.mark.long
def test_sounds_of_another_length_rate_and_channels_are_packaged_bridged_and_exported(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("low", "high"):
        (tmp_path / "hums" / name).mkdir(parents=True)
        for number in range(12):
            soundfile.write(tmp_path / "hums" / name / f"{number}.wav", rng.uniform(-0.5, 0.5, (2000, 2)), 44100)
    shape = (2, 500)  # As PyTorch has it.
    hums = KerasDomain.of("hums", own_models.decoder(shape), own_models.encoder(shape=shape), sample_rate=22050)
    shipped = package_model_domain(hums, tmp_path / "domain", tmp_path / "hums")
    assert shipped.modality == Audio(500, 22050, channels=2)
    latents = Latents.load(tmp_path / "domain" / "latents_train.npz")
    x = read_folder(tmp_path / "hums", shipped.modality)["train"].floats
    ours = np.asarray(Domain.load(tmp_path / "domain").encode(tf.constant(x))[0])
    np.testing.assert_allclose(np.sort(latents.mu, axis=0), np.sort(ours, axis=0), atol=4e-3)

    own = KerasDomain.of("own", own_models.decoder(), own_models.encoder(), invert="never")
    translator = Translator([shipped, own], tiny.bridge((3, 3)))
    signatures = load_export(export_translator(translator, tmp_path / "export")).signatures
    contents = tf.constant([path.read_bytes() for path in sorted((tmp_path / "hums" / "low").iterdir())[:2]])
    there = signatures["hums_to_own"](data_bytes=contents)["data_bytes"]
    expected = translator.translate(shipped.read(contents), "hums", "own")
    np.testing.assert_allclose(own.read(there), expected, atol=0.003)
    back = signatures["own_to_hums"](data_bytes=there)["data_bytes"]
    np.testing.assert_allclose(
        soundfile.read(io.BytesIO(back[0].numpy()))[0],
        translator.translate(own.read(there), "own", "hums")[0],
        atol=1e-4,
    )


def run(command, *arguments, **environment):
    result = subprocess.run(
        [sys.executable, str(ROOT / "bin" / f"{command}.py"), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.long
def test_outputs_are_named_by_flags_and_the_old_flag_spread_says_what_replaces_it(pictures, tmp_path):
    encoder, decoder = own_models.encoder(2), own_models.decoder()
    encoder = keras.Model(encoder.input, dict(zip(("second", "first"), encoder.outputs, strict=True)))
    decoder.save(tmp_path / "decoder.keras")
    encoder.save(tmp_path / "encoder.keras")
    keras_flags = [f"--{name}={tmp_path / name}.keras" for name in ("decoder", "encoder")]
    with pytest.raises(ValueError, match="the outputs second, first, .* give --mu_output=NAME"):
        KerasDomain.of("own", decoder, encoder, sigma_kind="log_variance")
    flags = (
        "--spread=log_variance",
        "--mu_output=second",
        "--sigma_output=first",
        f"--data={pictures}",
        f"--output={tmp_path / 'own'}",
    )
    result = run("package_domain", "--name=own", *keras_flags, *flags)
    assert "--spread is now called --sigma_kind." in result.stderr
    own = Domain.load(tmp_path / "own")
    assert own.sigma_kind == "log_variance"
    x = own_models.pictures()
    mu, sigma = own.encode(tf.constant(x))
    expected = encoder(x)
    assert_close(mu, expected["second"], rtol=1e-5, atol=1e-6)
    assert_close(sigma, np.exp(expected["first"] / 2), rtol=1e-5)
    assert "Warning: What is encoded and decoded differs" in result.stderr  # The models are not trained.
    assert "\n- What is encoded and decoded differs" in (tmp_path / "own" / "MODEL_CARD.md").read_text()


@pytest.mark.slow
def test_own_models_from_files_to_an_evaluated_and_exported_translator(pictures, tmp_path):
    own_models.decoder().save(tmp_path / "decoder.keras")
    own_models.encoder().save(tmp_path / "encoder.keras")
    own_models.classifier("softmax").save(tmp_path / "judge.keras")
    own_models.saved_model(tmp_path / "model")
    keras_flags = [f"--{name}={tmp_path / name}.keras" for name in ("decoder", "encoder")]
    judge = f"--classifier={tmp_path / 'judge.keras'}"
    run("package_domain", "--name=own", *keras_flags, judge, f"--data={pictures}", f"--output={tmp_path / 'own'}")
    flags = f"--saved_model={tmp_path / 'model'}", f"--data={pictures}", f"--output={tmp_path / 'saved'}"
    run("package_domain", "--name=saved", *flags)
    run(
        "train_bridge",
        "--config=own_domains:quick",
        f"--config.domains=('{tmp_path / 'own'}','{tmp_path / 'saved'}')",
        "--config.num_steps=100",
        "--config.batch_size=16",
        "--class_map=0=3,1=2,2=1,3=0",
        f"--workdir={tmp_path / 'bridge'}",
    )
    translator = tmp_path / "bridge" / "translator"
    assert Translator.load(translator).class_map.groups == ((0, 1, 2, 3), (3, 2, 1, 0))
    table = run("evaluate", f"--translator={translator}", f"--output={tmp_path / 'evaluation'}").stdout
    assert "own to saved" in table
    assert (
        f"{tmp_path / 'export' / 'translator' / '1'}"
        in run("export", f"--translator={translator}", f"--output={tmp_path / 'export'}").stdout
    )
