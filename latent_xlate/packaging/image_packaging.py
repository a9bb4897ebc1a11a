"""Makes of trained models the folder of a pretrained domain, as it ships in `savedmodels/`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from latent_xlate import files
from latent_xlate.data import images
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import DOMAIN_FILE, Domain
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.domains.image.image_training import BATCH_SIZES, train_image_model
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.domains.network_files import load_network
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.domains.speech.speech_training import train_speech_classifier
from latent_xlate.latents.encoding import encode_data

NUM_LATENTS = {"train": 10_000, "test": 2_000}

LICENCES = {
    "mnist": "MNIST (LeCun, Cortes and Burges), CC BY-SA 3.0",
    "fashion_mnist": "Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017; Zalando SE), MIT",
    "spoken_digit": "Free Spoken Digit Dataset (Jackson and others, 2016 to 2020), CC BY-SA 4.0",
    "sc09": "Speech Commands (Warden, 2018; Google), CC BY 4.0",
}

_CLASSIFIERS: dict[str, tuple[type[keras.Model], str]] = {
    "classifier": (ImageClassifier, "classifier of images"),
    "speech_classifier": (SpeechClassifier, "classifier of speech"),
}
"""By the kind of a run, what it holds."""


def package_image_domain(
    name: str,
    vae_run: str | os.PathLike,
    judge_from: str | None,
    folder: str | os.PathLike,
    *,
    data_dir: str | None = None,
) -> Domain:
    """Writes weights (float16), latents and model card of an image domain.

    The latents are the posteriors of the first 10,000 training and 2,000 test images in canonical
    order, a shuffle, by the weights as they ship.

    Args:
        name: The domain's.
        vae_run: Folder of `train_image_model`'s VAE.
        judge_from: Folder of the classifier's run, or a pretrained domain whose classifier is to judge here
            too; of the same data set. None for no judge, as of unlabelled images.
        folder: Where it goes.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The domain, with the weights as they ship.

    Raises:
        ValueError: The runs are unfinished, damaged or of two data sets, or `folder` holds something else.
    """
    vae_config, vae_metrics = _read_run(vae_run, "vae")
    dataset = vae_config["dataset"]
    judge = Judge.read(judge_from, "classifier", name) if judge_from else None
    if judge and judge.dataset != dataset:
        raise ValueError(f"The VAE is of {dataset!r}, the classifier of {judge.dataset!r}.")
    folder = check_folder(folder)
    splits = {split: images.load(dataset, split, data_dir) for split in NUM_LATENTS}
    domain = ImageDomain(
        name,
        load_network(Path(vae_run) / "model.keras", ImageVAE, "VAE of images"),
        judge.classifier if judge else None,
        splits["train"].class_names,
        invert=splits["train"].modality.get_config()["invert"],
        dataset=dataset,
    )
    card = _model_card(name, vae_config, vae_metrics["test"]["loss"], splits, judge)

    def finish(shipped: Domain, temporary: Path) -> str:
        for split, count in NUM_LATENTS.items():
            encode_data(shipped, splits[split].take(slice(0, count))).save(temporary / f"latents_{split}.npz")
        return card

    return write_domain(domain, folder, finish)


def check_folder(folder: str | os.PathLike) -> Path:
    """Returns where a domain is to go; ValueError where that cannot be, or holds something else."""
    folder = files.output_folder(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DOMAIN_FILE).exists():
        raise ValueError(f"{folder} holds something else than a domain; give another --output.")
    return folder


def write_domain(domain: Domain, folder: Path, finish: Callable[[Domain, Path], str], dtype: str = "float16") -> Domain:
    """Writes a domain's folder, which appears whole or not at all.

    Args:
        domain: The domain.
        folder: Where it goes.
        dtype: Of its weights as they ship.
        finish: Given the domain as it ships, and where its files lie for now, writes what else belongs
            there and returns the model card.

    Returns:
        The domain as it ships.
    """

    def write(temporary: Path) -> None:
        shipped = Domain.load(domain.save(temporary, dtype=dtype))
        (temporary / "MODEL_CARD.md").write_text(finish(shipped, temporary))

    return Domain.load(files.write_atomically(folder, write))


@dataclasses.dataclass(frozen=True)
class Judge:
    """A classifier, its data set, and what the model card says of it.

    Attributes:
        epochs, batch_size, seed, accuracy: Cells of the card's table.
        made_by: Command that trained it, a line, or nothing.
        given_as: The value of package_domain's --classifier.
    """

    classifier: Any
    dataset: str
    epochs: str
    batch_size: str
    seed: str
    accuracy: str
    made_by: str
    given_as: str

    @classmethod
    def read(cls, judge_from: str, model: str, name: str) -> Judge:
        """The judge of a domain.

        Args:
            judge_from: Folder of a run, or a pretrained domain that shares its judge.
            model: "classifier" or "speech_classifier".
            name: Of the domain that is made.

        Raises:
            ValueError: Neither such a run, finished, nor such a domain.
        """
        kind, what = _CLASSIFIERS[model]
        if (Path(judge_from) / "config.json").exists():
            return cls._of_run(judge_from, model, name)
        domain = pretrained.load(judge_from)
        classifier = domain.networks.get("classifier")
        if not isinstance(classifier, kind):
            raise ValueError(f"Domain {domain.name!r} has no {what} to share.")
        shared = f"that of `{domain.name}`"
        return cls(classifier, domain.dataset, shared, shared, shared, shared, "", domain.name)

    @classmethod
    def _of_run(cls, run: str, model: str, name: str) -> Judge:
        config, metrics = _read_run(run, model)
        return cls(
            load_network(Path(run) / "model.keras", *_CLASSIFIERS[model]),
            config["dataset"],
            f"best of {config['epochs']} by validation accuracy",
            str(config["batch_size"]),
            str(config["seed"]),
            f"accuracy {metrics['test']['accuracy']:.4f}",
            _training_command(name, config),
            f"out/{name}_classifier",
        )


def _read_run(run: str | os.PathLike, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
    config, metrics = (read_json_of_run(run, name, "train_domain") for name in ("config.json", "metrics.json"))
    kind = config.get("model")
    if kind != model:
        raise ValueError(f"{run} holds a {kind if isinstance(kind, str) else 'run of another command'}, not a {model}.")
    return config, metrics


def read_json_of_run(run: str | os.PathLike, name: str, command: str) -> dict[str, Any]:
    """Reads a file of a command's run; ValueError where it is missing or damaged."""
    path = Path(run) / name
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise ValueError(f"{run} is not a finished run of {command}: {name} is missing.") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}). Delete it and train again.") from None
    return content if isinstance(content, dict) else {}


def _training_command(name: str, config: Mapping[str, Any]) -> str:
    of_speech = config["model"] == "speech_classifier"
    parameters = inspect.signature(train_speech_classifier if of_speech else train_image_model).parameters
    usual = {key: parameter.default for key, parameter in parameters.items()}
    if not of_speech:
        usual["batch_size"] = BATCH_SIZES[config["model"]]
    kind = config["model"].removeprefix("speech_")
    flags = {"model": config["model"], "dataset": config["dataset"], "workdir": f"out/{name}_{kind}"}
    flags |= {"epochs": config["epochs"], "seed": config["seed"]}
    flags |= {key: value for key, value in config.items() if key not in flags and value != usual[key]}
    return f"bin/train_domain.py {as_flags(flags)}\n    "


def as_flags(values: Mapping[str, Any]) -> str:
    """Settings as a command of a shell takes them."""
    return " ".join(f"--{key}={shlex.quote(str(value))}" for key, value in values.items())


def _model_card(
    name: str, vae: Mapping[str, Any], loss: float, splits: Mapping[str, Labelled], judge: Judge | None
) -> str:
    dataset, train = vae["dataset"], splits["train"]
    height, width = train.content.shape[1:3]
    counts = {split: min(len(data), NUM_LATENTS[split]) for split, data in splits.items()}
    package = f"bin/package_domain.py --name={name} --vae=out/{name}_vae"
    if judge:
        package = f"{judge.made_by}{package} --classifier={judge.given_as}"
    rows = [
        ("", "VAE", "classifier"),
        ("---", "---", "---"),
        ("epochs", vae["epochs"], judge and judge.epochs),
        ("batch size", vae["batch_size"], judge and judge.batch_size),
        ("seed", vae["seed"], judge and judge.seed),
        ("on the test images", f"negative ELBO {loss:.1f} nats, z at its mean", judge and judge.accuracy),
    ]
    table = "\n".join(f"| {' | '.join(map(str, row if judge else row[:2]))} |" for row in rows)
    judged = " and the classifier that judges its images" if judge else ""
    held_out = "to choose the classifier's epoch" if judge else "of all training"
    weights = "`vae.npz` and `classifier.npz` (weights" if judge else "`vae.npz` (weights"
    use = "; the classifier is a judge of\nthis VAE's images and no general recogniser" if judge else ""
    return f"""# {name}

A VAE of {height}x{width} grey images of `{dataset}`{judged}: base models of
Tian and Engel (2019), supplement B.2, trained on {len(train):,} images. One in twelve of the training images
is held out {held_out}, and the test images are used for the figures below alone. Where the
commands below name more than epochs and seed, they differ from the paper's recipe in that.

{table}

Made by

    {_training_command(name, vae)}{package}

Files: `domain.json` (the models' settings), {weights}, float16),
`latents_train.npz` and `latents_test.npz` (posterior mean and standard deviation, float16, and label of
{counts["train"]:,} training and {counts["test"]:,} test images).

Data: {LICENCES.get(dataset, dataset)}. Use: research on latent translation{use}.
"""
