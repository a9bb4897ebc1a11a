"""Makes of a WaveGAN and a judge the folder of a pretrained domain of speech."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.network_files import load_network
from latent_xlate.domains.speech.latent_mixture import TEMPERATURE, LatentMixture
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_generator import load_keras_generator
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.samples import MIN_PROBABILITY, PER_CLASS, sample_latents
from latent_xlate.packaging.image_packaging import (
    LICENCES,
    NUM_LATENTS,
    Judge,
    as_flags,
    check_folder,
    read_json_of_run,
    write_domain,
)

SAMPLES_PER_CLASS = {"train": PER_CLASS, "validation": 200, "test": 200}
"""Accepted samples of the prior, by split: each split's are drawn by a seed of its own, its place here."""


def package_speech_domain(
    name: str,
    run: str | os.PathLike,
    judge_from: str | None,
    folder: str | os.PathLike,
    *,
    note: str = "",
    data_dir: str | None = None,
) -> Domain:
    """Writes weights (float16), latents and model card of a domain of speech.

    The latents are, each by the weights as they ship, samples of the prior that the judge is sure of, if there is
    one (`samples_*.npz`), and where there is an encoder the posteriors of the recordings (`latents_*.npz`),
    at most the first 10,000 of training and 2,000 of test in canonical order, a shuffle. Then the prior is a
    `LatentMixture` fitted to the posteriors of the training recordings, and sounds are made as loud as these.

    Args:
        name: The domain's.
        run: Folder of `train_wavegan`'s run; its encoder is taken where it has one.
        judge_from: Folder of the classifier's run, or a pretrained domain whose classifier is to judge here
            too; of the same data set. None for no judge, for which there has to be an encoder.
        folder: Where it goes.
        note: A sentence for the model card: how long the training took, say.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The domain, with the weights as they ship.

    Raises:
        ValueError: The runs are unfinished, damaged or of two data sets, there is neither judge nor encoder, the
            prior has too few samples of a class, or `folder` holds something else.
    """
    stages = _stages(Path(run))
    config = stages[-1].config
    judge = Judge.read(judge_from, "speech_classifier", name) if judge_from else None
    if judge and judge.dataset != config["dataset"]:
        raise ValueError(f"The WaveGAN is of {config['dataset']!r}, the classifier of {judge.dataset!r}.")
    folder = check_folder(folder)
    generator = load_keras_generator(Path(run) / "generator.keras")
    encoder = None
    if (Path(run) / "encoder.keras").exists():
        encoder = load_network(Path(run) / "encoder.keras", SpeechEncoder, "encoder of speech")
    elif not judge:
        raise ValueError(f"{run} has no encoder, and a classifier has to choose among samples: give --classifier.")
    domain = SpeechDomain(
        name,
        generator,
        judge.classifier if judge else None,
        encoder,
        prior=config["prior"],
        align=config["align"],
        dataset=config["dataset"],
    )
    data = {split: domain.load_data(split, data_dir) for split in NUM_LATENTS}
    domain.class_names = data["train"].class_names
    if encoder is not None:
        domain.mixture = LatentMixture(len(domain.class_names), domain.latent_dim)
        domain.mixture.build()
        posteriors = encode_data(domain, data["train"])
        domain.mixture.fit_posteriors(posteriors.mu, posteriors.sigma, posteriors.labels)
        domain.gain = _fitting_gain(domain, data["train"].floats, posteriors.mu)

    def finish(shipped: Any, temporary: Path) -> str:
        recognised = accepted = None
        if shipped.has_encoder:
            for split, count in NUM_LATENTS.items():
                latents = encode_data(shipped, data[split].take(slice(0, count)))
                latents.save(temporary / f"latents_{split}.npz")
            recognised = _recognised(shipped, latents.mu, latents.labels) if judge else None
        if judge:
            accepted = _save_samples(shipped, temporary)
        return _model_card(domain, stages, judge, recognised, accepted, note)

    return write_domain(domain, folder, finish)


def _save_samples(domain: SpeechDomain, folder: Path) -> float:
    """Writes the samples of each split, and returns the share of the first's draws that was accepted."""
    shares = []
    for seed, (split, per_class) in enumerate(SAMPLES_PER_CLASS.items()):
        samples, share = sample_latents(
            functools.partial(domain.draw, domain.batch_size),
            lambda z: domain.classify(domain.decode(z)),
            domain.class_names,
            per_class=per_class,
            seed=seed,
        )
        samples.save(folder / f"samples_{split}.npz")
        shares.append(share)
    return shares[0]


def _fitting_gain(domain: Domain, x: np.ndarray, z: np.ndarray) -> float:
    """By how much the median recording of x, [n, NUM_SAMPLES], is louder than what is decoded of its latent.

    A distance between spectra is least where they are a little too soft, for what cannot be foretold.
    """
    decode = as_graph(domain.decode)
    decoded = in_batches(decode, z, batch_size=domain.batch_size)
    loudness = [np.sqrt(np.mean(np.square(sounds), axis=1)) for sounds in (x, decoded)]
    return round(float(np.median(loudness[0] / loudness[1])), 3)


def _recognised(domain: Domain, z: np.ndarray, labels: np.ndarray) -> float:
    """Share of latents whose decoded sound is of their class."""
    judge = as_graph(lambda z: domain.classify(domain.decode(z)))
    return float(np.mean(in_batches(judge, z, batch_size=domain.batch_size).argmax(axis=1) == labels))


@dataclasses.dataclass(frozen=True)
class _Stage:
    """A run of `train_wavegan`: its settings, and how many steps it took."""

    config: Mapping[str, Any]
    steps: int


def _stages(run: Path) -> list[_Stage]:
    """The runs that led to one, itself the last, as far as they are still there."""
    config = read_json_of_run(run, "config.json", "train_wavegan")
    if missing := {"dataset", "prior", "align"} - config.keys():
        raise ValueError(f"{run} holds no run of train_wavegan: its config.json has no {', '.join(sorted(missing))}.")
    # A run writes them together with the networks.
    steps = max((int(path.stem) for path in run.glob("previews/*.wav")), default=0)
    initial = config["initial"]
    earlier = _stages(Path(initial)) if initial and (Path(initial) / "config.json").exists() else []
    return [*earlier, _Stage(config, steps)]


def _training_commands(name: str, stages: list[_Stage]) -> str:
    usual = dataclasses.asdict(WaveGANSettings())
    workdir, lines = None, ""
    for number, stage in enumerate(stages, 1):
        given = {"config": "wavegan", "config.dataset": stage.config["dataset"]}
        if workdir:
            given["config.initial"] = workdir
        workdir = f"out/{name}_wavegan" + (f"_{number}" if number < len(stages) else "")
        settings = {key: stage.config[key] for key in usual if key in stage.config} | {"num_steps": stage.steps}
        settings["speeds"] = tuple(settings.get("speeds", ()))  # JSON has lists only.
        given |= {f"config.settings.{key}": value for key, value in settings.items() if value != usual[key]}
        lines += f"bin/train_wavegan.py {as_flags(given | {'workdir': workdir})}\n    "
    return lines


def _model_card(
    domain: SpeechDomain,
    stages: list[_Stage],
    judge: Judge | None,
    recognised: float | None,
    accepted: float | None,
    note: str,
) -> str:
    config = stages[-1].config
    package = f"bin/package_domain.py --name={domain.name} --wavegan=out/{domain.name}_wavegan"
    models, files = ["A WaveGAN (Donahue et al. 2018) of a second of speech at 16 kHz"], ["generator"]
    latents, prior = [], ""
    if domain.has_encoder:
        models.append("the encoder that takes recordings to its latents")
        files += ["encoder", "mixture"]
        latents.append(
            "`latents_train.npz` and `latents_test.npz` (of recordings, posterior mean and standard deviation,\n"
            "float16, and label)"
        )
        prior = (
            "\nThe prior is a Gaussian for each class, fitted to the posteriors of the training recordings, at a\n"
            f"temperature of {TEMPERATURE}, in the place of that which the WaveGAN was trained with. Its sounds are\n"
            "multiplied by the domain's gain, so that they are as loud as the recordings.\n"
        )
    rows = [
        ("trained for", f"{' + '.join(f'{stage.steps:,}' for stage in stages)} steps", judge and judge.epochs),
        ("batch size", config["batch_size"], judge and judge.batch_size),
        ("seed", config["seed"], judge and judge.seed),
    ]
    if judge:
        package += f" --classifier={judge.given_as}"
        models.append("the classifier that judges its sounds")
        files.append("classifier")
        counts = ", ".join(f"{count:,}" for count in SAMPLES_PER_CLASS.values())
        latents.append(
            "`samples_train.npz`, `samples_validation.npz` and `samples_test.npz` (accepted samples of the\n"
            f"prior and the class that the classifier gives them: {counts} of each class)"
        )
        reconstruction = "" if recognised is None else f"{recognised:.1%} recognised when encoded and decoded"
        rows.append(("on the test recordings", reconstruction, judge.accuracy))
        rows.append(("on samples of the prior", f"{accepted:.1%} accepted, by a probability of {MIN_PROBABILITY}", ""))
    table = "\n".join(
        f"| {' | '.join('' if cell is None else str(cell) for cell in row[: 3 if judge else 2])} |" for row in rows
    )
    weights = ", ".join(f"`{name}.npz`" for name in files)
    caution = "; the classifier is a judge of this WaveGAN's sounds and no general recogniser" if judge else ""
    return f"""# {domain.name}

{_listed(models)},
of `{domain.dataset}`. Of the training recordings one in twelve is held out, to choose a
classifier's epoch by; the test recordings are used for the figures below alone.
{note + chr(10) if note else ""}{prior}
{"| | WaveGAN | classifier |" if judge else "| | WaveGAN |"}
{"|---|---|---|" if judge else "|---|---|"}
{table}

Made by

    {_training_commands(domain.name, stages)}{judge.made_by if judge else ""}{package}

Files: `domain.json` (the models' settings), {weights} (weights, float16),
{_listed(latents)}.

Data: {LICENCES.get(domain.dataset, domain.dataset)}.
Use: research on latent translation{caution}.
"""


def _listed(parts: list[str]) -> str:
    *but_last, last = parts
    return f"{', '.join(but_last)}{',' if len(parts) > 2 else ''}\nand {last}" if but_last else last
