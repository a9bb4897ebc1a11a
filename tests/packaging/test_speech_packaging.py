"""Packaging of a WaveGAN as a pretrained domain, on runs of a few steps."""

import dataclasses
import json
import re
import shutil

import keras
import numpy as np
import pytest

from latent_xlate.data import speech, tfds_sets
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.speech.encoder_training import train_speech_encoder
from latent_xlate.domains.speech.priors import sample_prior
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.domains.speech.speech_training import load_classifier, train_speech_classifier
from latent_xlate.domains.speech.wavegan_generator import load_keras_generator
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.domains.speech.wavegan_training import train_wavegan
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents
from latent_xlate.modalities.alignment import align
from latent_xlate.packaging import domain_folder, speech_packaging
from latent_xlate.packaging.judge import Judge
from latent_xlate.packaging.speech_packaging import package_speech_domain
from tests.support import sounds

pytestmark = pytest.mark.long

SETTINGS = WaveGANSettings(
    objective="vae", num_steps=2, batch_size=4, latent_dim=3, prior="normal", dim=2, half_rate=True, align=True,
    learning_rate=1e-3,
)  # fmt: skip
SAMPLES = {"train": 4, "validation": 2, "test": 3}


def tones(count):
    labels = np.arange(count) % 2
    waveforms = [np.pad(sounds.tone(300 * (1 + 3 * k), 0.4, 16000), (1000, 16384 - 7400)) for k in labels]
    return speech.labelled_sounds(np.round(32767 * np.stack(waveforms)).astype(np.int16), labels, ("low", "high"))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data set "tones" of two classes."""
    folder = tmp_path_factory.mktemp("data")
    tfds_sets.store("tones", {"train": tones(24), "test": tones(6)}, folder)
    return str(folder)


@pytest.fixture(scope="module")
def runs(data_dir, tmp_path_factory):
    """Folder of the runs "first", "wavegan", which started from it, "classifier" and, of other data, "other"."""
    folder = tmp_path_factory.mktemp("runs")
    options = {"data_dir": data_dir, "steps_per_log": 2}
    train_wavegan("tones", folder / "first", SETTINGS, **options)
    settings = dataclasses.replace(SETTINGS, beta_kl=0.5, num_steps=4, seed=7, speeds=(0.9, 1.25))
    train_wavegan("tones", folder / "wavegan", settings, initial=folder / "first", **options)
    train_speech_classifier(
        "tones", folder / "classifier", data_dir=data_dir, epochs=1, batch_size=11, filters=1, seed=5
    )
    make_sure_of_both_classes(folder)
    shutil.copytree(folder / "classifier", folder / "other")
    config = json.loads((folder / "other" / "config.json").read_text())
    (folder / "other" / "config.json").write_text(json.dumps(config | {"dataset": "notes"}))
    return folder


def make_sure_of_both_classes(folder):
    """Makes the generator's sounds differ, and puts the judge's boundary in their midst."""
    path, path_of_generator = folder / "classifier" / "model.keras", folder / "wavegan" / "generator.keras"
    classifier, generator = load_classifier(path), load_keras_generator(path_of_generator)
    generator.z_project.kernel.assign(30 * generator.z_project.kernel)
    generator.save(path_of_generator)
    encoder = keras.saving.load_model(folder / "wavegan" / "encoder.keras")
    x = align(tones(24).content).astype(np.float32) / 32768
    mu, sigma = encoder(x)
    gain = np.median(np.std(x, axis=1) / np.std(generator(mu)[..., 0], axis=1))  # As loud as packaging makes them.
    z = mu + sigma * sample_prior("normal", mu.shape, [9, 9])
    judge_between(classifier, gain * generator(z)[..., 0])
    classifier.save(path)


def judge_between(classifier, sounds):
    """Makes a judge divide sounds into two halves, and be sure of each."""
    features = classifier.features(sounds).numpy()
    shift = classifier.norms[-1].beta
    shift.assign(shift - features.mean(axis=0))
    features -= features.mean(axis=0)
    direction = np.linalg.svd(features)[2][0]
    direction *= 100 / np.std(features @ direction)
    classifier.logits.set_weights([np.stack([direction, 0 * direction], axis=1), np.zeros(2)])


@pytest.fixture(scope="module")
def packaged(runs, data_dir, tmp_path_factory):
    """The folder of a packaged domain, and the domain as it was returned."""
    folder = tmp_path_factory.mktemp("savedmodels") / "words"
    return folder, package(runs, data_dir, folder, note="It took a second.")


@pytest.fixture(scope="module")
def runs_of_strangers(runs, data_dir):
    """Runs "encoder" and "spotter", which also heard the data set "others"."""
    tfds_sets.store("others", {"train": tones(24), "test": tones(6)}, data_dir)
    options = {"data_dir": data_dir, "also": ["others"], "epochs": 1, "batch_size": 12, "filters": 2}
    train_speech_encoder("tones", runs / "encoder", runs / "wavegan", **options)
    train_speech_classifier("tones", runs / "spotter", model="keyword_spotter", **options)
    return runs


def package(runs, data_dir, folder, wavegan="wavegan", classifier="classifier", **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speech_packaging, "SAMPLES_PER_CLASS", SAMPLES)
        patch.setattr(domain_folder, "NUM_LATENTS", {"train": 20, "test": 5})
        return package_speech_domain(
            "words", runs / wavegan, str(runs / classifier), folder, data_dir=data_dir, **options
        )


def test_weights_are_those_of_the_runs_rounded_to_half_precision(packaged, runs):
    folder, returned = packaged
    domain = Domain.load(folder)
    assert (domain.name, domain.dataset, domain.class_names) == ("words", "tones", ("low", "high"))
    assert (domain.prior, domain.modality.align) == ("normal", True)
    assert domain.has_encoder and domain.has_classifier
    paths = {"generator": "wavegan/generator", "encoder": "wavegan/encoder", "classifier": "classifier/model"}
    assert domain.networks.keys() == {*paths, "mixture"}
    for name in paths:
        network = domain.networks[name]
        trained = keras.saving.load_model(runs / f"{paths[name]}.keras")
        weights = zip(network.get_weights(), trained.get_weights(), returned.networks[name].get_weights(), strict=True)
        for ours, exact, theirs in weights:
            np.testing.assert_array_equal(ours, exact.astype(np.float16).astype(np.float32))
            np.testing.assert_array_equal(ours, theirs)


def test_latents_are_posteriors_of_recordings_as_the_models_heard_them(packaged, data_dir):
    folder, domain = packaged
    for split, count in (("train", 20), ("test", 5)):
        stored = load_latents(domain, str(folder), "shipped", split)
        expected = encode_data(domain, domain.load_data(split, data_dir).take(slice(count)))
        np.testing.assert_array_equal(stored.mu, expected.mu.astype(np.float16))
        np.testing.assert_array_equal(stored.sigma, expected.sigma.astype(np.float16))
        np.testing.assert_array_equal(stored.labels, expected.labels)
    # Not those of recordings as they lie in the data set.
    plain = encode_data(domain, speech.load("tones", "train", data_dir))
    aligned = load_latents(domain, str(folder), "dataset", "train", data_dir)
    assert np.abs(plain.mu - aligned.mu).max() > 1e-3


def test_prior_is_fitted_to_the_posteriors_of_the_training_recordings(packaged, data_dir):
    _, domain = packaged
    posteriors = encode_data(domain, domain.load_data("train", data_dir))
    for label in (0, 1):
        of_class = posteriors.labels == label
        np.testing.assert_allclose(domain.mixture.means[label], posteriors.mu[of_class].mean(axis=0), atol=0.01)


def test_sounds_are_as_loud_as_the_training_recordings(packaged, data_dir):
    _, domain = packaged
    x = domain.load_data("train", data_dir).floats
    z, _ = domain.encode(x)
    decoded = domain.generator(z)[..., 0].numpy() * domain.gain
    louder = np.sqrt(np.mean(x**2, axis=1) / np.mean(decoded**2, axis=1))
    assert domain.gain != 1
    assert np.median(louder) == pytest.approx(1, abs=0.02)


def test_samples_are_of_the_prior_and_of_the_class_that_the_judge_says(packaged):
    folder, domain = packaged
    seen = []
    for split, per_class in SAMPLES.items():
        samples = load_latents(domain, str(folder), "samples", split)
        assert np.bincount(samples.labels).tolist() == [per_class, per_class]
        assert not samples.sigma.any()
        judged = domain.classify(domain.decode(samples.mu)).numpy().argmax(axis=1)
        assert np.mean(judged == samples.labels) > 0.7  # Those at the boundary may have been rounded over it.
        seen.append(samples.mu)
    assert len(np.unique(np.concatenate(seen), axis=0)) == 2 * sum(SAMPLES.values())


def test_kinds_of_latents_can_be_joined(packaged):
    folder, domain = packaged
    joined = load_latents(domain, str(folder), "shipped+samples", "train")
    parts = [load_latents(domain, str(folder), kind, "train") for kind in ("shipped", "samples")]
    for name in ("mu", "sigma", "labels"):
        np.testing.assert_array_equal(getattr(joined, name), np.concatenate([getattr(part, name) for part in parts]))


def test_card_tells_what_was_measured_and_how_it_was_made(packaged, runs, data_dir):
    folder, domain = packaged
    card = (folder / "MODEL_CARD.md").read_text()
    cells = [re.split(r" *\| *", line)[1:-1] for line in card.splitlines() if "|" in line]
    rows = {first: rest for first, *rest in cells}
    assert rows["trained for"] == ["2 + 4 steps", "best of 1 by validation accuracy"]
    assert rows["batch size"] == ["4", "11"]
    assert rows["seed"] == ["7", "5"]
    recognised, accuracy = rows["on the test recordings"]
    latents = Latents.load(folder / "latents_test.npz")
    right = np.mean(domain.classify(domain.decode(latents.mu)).numpy().argmax(axis=1) == latents.labels)
    assert recognised == f"{right:.1%} recognised when encoded and decoded"
    measured = json.loads((runs / "classifier" / "metrics.json").read_text())["test"]["accuracy"]
    assert accuracy == f"accuracy {measured:.4f}"
    assert re.fullmatch(r"\d+\.\d% accepted, by a probability of 0.95", rows["on samples of the prior"][0])
    assert "It took a second." in card
    commands = [line.strip() for line in card.splitlines() if line.startswith("    bin/")]
    usual = (
        "--config.settings.objective=vae --config.settings.batch_size=4 "
        "--config.settings.learning_rate=0.001 --config.settings.latent_dim=3 --config.settings.prior=normal "
        "--config.settings.dim=2 --config.settings.half_rate=True --config.settings.align=True "
    )
    faster = "--config.settings.speeds='(0.9, 1.25)' "
    assert commands == [
        f"bin/train_wavegan.py --config=wavegan --config.dataset=tones {usual}"
        "--config.settings.num_steps=2 --workdir=out/words_wavegan_1",
        "bin/train_wavegan.py --config=wavegan --config.dataset=tones --config.initial=out/words_wavegan_1 "
        f"{usual.replace('--config.settings.align', faster + '--config.settings.align')}"
        "--config.settings.beta_kl=0.5 --config.settings.seed=7 --config.settings.num_steps=4 "
        "--workdir=out/words_wavegan",
        "bin/train_domain.py --model=speech_classifier --dataset=tones --workdir=out/words_classifier --epochs=1 "
        "--seed=5 --batch_size=11 --filters=1",
        "bin/package_domain.py --name=words --wavegan=out/words_wavegan --classifier=out/words_classifier",
    ]
    named = set(re.findall(r"`([a-z_]+\.(?:npz|json))`", card))
    assert named | {"MODEL_CARD.md"} == {path.name for path in folder.iterdir()}


def test_an_encoder_of_its_own_run_takes_the_place_of_the_wavegans(runs_of_strangers, data_dir, tmp_path):
    runs = runs_of_strangers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(domain_folder, "NUM_LATENTS", {"train": 20, "test": 5})
        options = {"encoder_run": runs / "encoder", "data_dir": data_dir}
        package_speech_domain("words", runs / "wavegan", None, tmp_path / "words", **options)
        # A judge that is sure of no sample, so that it is put into the domain by hand.
        judge = Judge.read(str(runs / "spotter"), "speech_classifier", "words")
    domain = Domain.load(tmp_path / "words")
    assert type(domain.encoder).__name__ == "WordEncoder"
    trained = keras.saving.load_model(runs / "encoder" / "encoder.keras")
    for ours, exact in zip(domain.encoder.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, exact.astype(np.float16).astype(np.float32))
    card = (tmp_path / "words" / "MODEL_CARD.md").read_text()
    assert "2 + 4 steps; another encoder for 1 epochs" in card
    assert "Data: tones; others." in card
    command = "bin/train_domain.py --model=speech_encoder --dataset=tones --workdir=out/words_encoder"
    command += " --wavegan=out/words_wavegan --epochs=1 --seed=0 --batch_size=12 --filters=2 --also=others"
    assert f"    {command}\n" in card
    assert "--wavegan=out/words_wavegan --encoder=out/words_encoder\n" in card
    assert judge.also == ("others",)
    assert judge.command.endswith("--epochs=1 --seed=0 --batch_size=12 --filters=2 --also=others")
    heard = SpeechDomain("words", domain.generator, judge.classifier, domain.encoder, ("low", "high"), align=True)
    heard.save(tmp_path / "heard")
    again = Domain.load(tmp_path / "heard")
    x = domain.load_data("test", data_dir).floats
    np.testing.assert_array_equal(again.classify(x), judge.classifier(x))
    with pytest.raises(ValueError, match="spotter holds a keyword_spotter, not a speech_encoder"):
        package_speech_domain("words", runs / "wavegan", None, tmp_path / "w", encoder_run=runs / "spotter")


def test_without_an_encoder_there_are_samples_alone_and_a_judge_can_be_shared(packaged, runs, data_dir, tmp_path):
    shutil.copytree(runs / "wavegan", tmp_path / "runs" / "gan")
    (tmp_path / "runs" / "gan" / "encoder.keras").unlink()
    words = Domain.load(packaged[0])
    judge_between(words.classifier, words.generator(sample_prior("normal", (100, 3), [9, 9]))[..., 0])
    words.save(tmp_path / "words")
    domain = package(tmp_path / "runs", data_dir, tmp_path / "gan", wavegan="gan", classifier=tmp_path / "words")
    assert not domain.has_encoder
    names = {path.name for path in (tmp_path / "gan").iterdir()}
    assert names == {path.name for path in packaged[0].iterdir()} - {
        "encoder.npz",
        "mixture.npz",
        "latents_train.npz",
        "latents_test.npz",
    }
    card = (tmp_path / "gan" / "MODEL_CARD.md").read_text()
    assert set(re.findall(r"`([a-z_]+\.(?:npz|json))`", card)) | {"MODEL_CARD.md"} == names
    assert "--classifier=words\n" in card
    with pytest.raises(ValueError, match="'words' has no encoder, so its data have no latents: take samples instead"):
        load_latents(domain, str(tmp_path / "gan"), "dataset", "train", data_dir)


def test_without_a_judge_there_are_posteriors_alone(packaged, runs, data_dir, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(domain_folder, "NUM_LATENTS", {"train": 20, "test": 5})
        domain = package_speech_domain("words", runs / "wavegan", None, tmp_path / "words", data_dir=data_dir)
    assert (domain.has_classifier, domain.class_names) == (False, ("low", "high"))
    names = {path.name for path in (tmp_path / "words").iterdir()}
    assert names == {path.name for path in packaged[0].iterdir()} - {
        "classifier.npz",
        *(f"samples_{split}.npz" for split in SAMPLES),
    }
    for name in names - {"MODEL_CARD.md", "domain.json"}:
        assert (tmp_path / "words" / name).read_bytes() == (packaged[0] / name).read_bytes()
    card = (tmp_path / "words" / "MODEL_CARD.md").read_text()
    assert set(re.findall(r"`([a-z_]+\.(?:npz|json))`", card)) | {"MODEL_CARD.md"} == names
    assert "classifier" not in card.split("Made by")[1]
    shutil.copytree(runs / "wavegan", tmp_path / "gan")
    (tmp_path / "gan" / "encoder.keras").unlink()
    with pytest.raises(ValueError, match="gan has no encoder, and a classifier has to choose among samples"):
        package_speech_domain("words", tmp_path / "gan", None, tmp_path / "out", data_dir=data_dir)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier": "other"}, "The WaveGAN is of 'tones', the classifier of 'notes'"),
        ({"classifier": "wavegan"}, "wavegan is not a finished run of train_domain"),
        (
            {"wavegan": "classifier"},
            "classifier holds no run of train_wavegan: its config.json has no align, initial, prior",
        ),
        ({"wavegan": "nothing"}, "nothing is not a finished run of train_wavegan: config.json is missing"),
    ],
)
def test_runs_that_do_not_fit_are_refused_and_nothing_is_written(options, message, runs, data_dir, tmp_path):
    with pytest.raises(ValueError, match=message):
        package(runs, data_dir, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["wavegan/generator.keras", "wavegan/encoder.keras", "classifier/model.keras"])
def test_damaged_networks_are_named_and_nothing_is_written(name, runs, data_dir, tmp_path):
    shutil.copytree(runs, tmp_path / "runs")
    (tmp_path / "runs" / name).write_bytes(b"words")
    with pytest.raises(ValueError, match=name):
        package(tmp_path / "runs", data_dir, tmp_path / "out")
    assert not (tmp_path / "out").exists()
