"""Model cards, byte for byte as they have been written since the domains that ship were packaged."""

import json
import types
from pathlib import Path

import pytest

from latent_xlate.data.synthetic import digits_like
from latent_xlate.packaging.judge import Judge
from latent_xlate.packaging.model_cards import image_card, own_model_card, speech_card
from latent_xlate.packaging.speech_packaging import SAMPLES_PER_CLASS
from latent_xlate.packaging.training_commands import train_domain_command
from latent_xlate.packaging.training_runs import Stage

ROOT = Path(__file__).resolve().parents[2]
CARDS = Path(__file__).parent / "cards"

TRAINED = Judge(
    None, "mnist", "best of 40 by validation accuracy", "256", "0", "accuracy 0.9903",
    "bin/train_domain.py --model=classifier --dataset=mnist --workdir=out/mnist_classifier --epochs=40 --seed=0",
    "out/mnist_classifier",
)  # fmt: skip
SHARED = Judge(None, "mnist", *["that of `mnist`"] * 4, None, "mnist")
JUDGES = {"trained": TRAINED, "shared": SHARED, "none": None}
ERROR = {"root mean square error of what is encoded and decoded": 0.12345}


def expected(name):
    return (CARDS / f"{name}.md").read_text()


def shipped(name):
    return (ROOT / "savedmodels" / name / "MODEL_CARD.md").read_text()


@pytest.mark.parametrize("judge", JUDGES)
def test_card_of_images(judge):
    vae = {"model": "vae", "dataset": "mnist", "epochs": 100, "batch_size": 256, "seed": 0}
    splits = {"train": digits_like(2400, image_size=8), "test": digits_like(240, image_size=8)}
    assert image_card("mnist_b", vae, 272.64, splits, JUDGES[judge]) == expected(f"image_judge_{judge}")
    if judge == "none":
        assert image_card("sticks", vae | {"dataset": "bars"}, 1.0, splits, None) == expected("image_own")


def test_card_of_a_convolutional_domain_names_what_bridges_are_stopped_by():
    vae = {"model": "conv_vae", "dataset": "bars", "epochs": 60, "batch_size": 16, "seed": 0}
    splits = {split: digits_like(count, 8) for split, count in (("train", 240), ("validation", 20), ("test", 40))}
    text = " ".join(image_card("bars", vae, 1.0, splits, None).split())
    files = "`latents_train.npz`, `latents_validation.npz` and `latents_test.npz`"
    assert f"{files} (posterior mean and standard deviation, float16, and label of 240 training, 20 held-out" in text
    assert "batch_size" not in text


@pytest.mark.parametrize(
    ("card", "encoder", "judge"),
    [
        ("speech_encoder_judge_trained", True, "trained"),
        ("speech_encoder_judge_shared", True, "shared"),
        ("speech_encoder_judge_none", True, "none"),
        ("speech_samples_judge_trained", False, "trained"),
        ("speech_samples_judge_shared", False, "shared"),
    ],
)
def test_card_of_speech(card, encoder, judge):
    config = {"dataset": "sc09", "prior": "uniform", "align": False, "batch_size": 64, "seed": 3}
    measured = {
        "recognised": 0.943 if encoder and JUDGES[judge] else None,
        "accepted": 0.815 if JUDGES[judge] else None,
        "samples_per_class": SAMPLES_PER_CLASS.values(),
        "note": "It took a day." if judge == "trained" else "",
    }
    domain = types.SimpleNamespace(name="words", dataset="sc09", has_encoder=encoder)
    stages = [Stage(config, 200_000), Stage(config, 1_500)]
    assert speech_card(domain, stages, JUDGES[judge], **measured) == expected(card)


def test_card_of_speech_names_the_domain_that_it_started_from():
    config = {"dataset": "spoken_digit_ar", "prior": "normal", "align": True, "batch_size": 64, "seed": 3}
    domain = types.SimpleNamespace(name="spoken_digit_ar", dataset="spoken_digit_ar", has_encoder=True)
    stages = [Stage(config | {"initial": "spoken_digit"}, 1_000), Stage(config | {"initial": "out/other"}, 500)]
    measured = {"recognised": None, "accepted": None, "samples_per_class": [], "note": ""}
    card = speech_card(domain, stages, None, **measured, own_validation=True)
    assert "--config.initial=spoken_digit --" in card
    assert "--config.initial=out/spoken_digit_ar_wavegan_1 --" in card
    assert "Data: Arabic Speech Commands Dataset" in card and "; Free Spoken Digit Dataset" in card
    assert "The validation recordings are held out, to choose" in card


def test_card_of_the_speech_that_ships():
    settings = {
        "dataset": "spoken_digit", "objective": "vae", "discriminator": "spectrogram", "num_steps": 9999,
        "batch_size": 24, "latent_dim": 32, "prior": "normal", "dim": 16, "half_rate": True, "align": True,
        "encoder": True, "beta_kl": 0.1, "beta_features": 5.0, "precision": "mixed_bfloat16", "seed": 0,
    }  # fmt: skip
    stages = [
        Stage(settings | {"learning_rate": 5e-4, "kl_warmup": 2000, "beta_class": 1.0}, 3000),
        Stage(settings | {"learning_rate": 2e-4, "kl_warmup": 0, "beta_class": 4.0}, 1500),
    ]
    classifier = {
        "model": "speech_classifier", "dataset": "spoken_digit", "epochs": 16, "batch_size": 32, "filters": 64,
        "seed": 0, "precision": "mixed_bfloat16",
    }  # fmt: skip
    judge = Judge(
        None, "spoken_digit", "best of 16 by validation accuracy", "32", "0", "accuracy 0.9867",
        train_domain_command("spoken_digit", classifier), "out/spoken_digit_classifier",
    )  # fmt: skip
    config = json.loads((ROOT / "savedmodels" / "spoken_digit" / "domain.json").read_text())["config"]
    domain = types.SimpleNamespace(name=config["name"], dataset=config["dataset"], has_encoder=True)
    note = "It took 37 minutes on one core (Xeon with AMX), when the spectral distance was of logarithms alone."
    measured = {"recognised": 0.943, "accepted": 0.815, "samples_per_class": SAMPLES_PER_CLASS.values(), "note": note}
    assert speech_card(domain, stages, judge, **measured) == shipped("spoken_digit")


@pytest.mark.parametrize(
    ("card", "classes", "splits", "measured"),
    [
        ("model_measured", ("disc", "square"), True, ERROR | {"accuracy of the classifier": 0.5}),
        ("model_encoded", (), True, ERROR),
        ("model_prior", (), False, {}),
    ],
)
def test_card_of_own_models(card, classes, splits, measured):
    class KerasDomain:
        name, data_shape, latent_dim, class_names = "shapes", (28, 28, 1), 6, classes

    instances = {"train": range(1200), "test": range(48)} if splits else {}
    assert own_model_card(KerasDomain(), instances, measured) == expected(card)
