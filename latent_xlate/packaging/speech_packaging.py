"""Packaging of a trained WaveGAN, its encoder and a judge as a pretrained domain of speech."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data import stored
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.network_files import load_network
from latent_xlate.domains.novelty import MOST_HELD_OUT, NoveltyScale
from latent_xlate.domains.speech.latent_mixture import LatentMixture
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_generator import load_keras_generator
from latent_xlate.domains.speech.word_encoder import WordEncoder
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.samples import PER_CLASS, sample_latents
from latent_xlate.packaging import domain_folder
from latent_xlate.packaging.judge import Judge
from latent_xlate.packaging.model_cards import speech_card
from latent_xlate.packaging.training_runs import read_run, read_stages

SAMPLES_PER_CLASS = {"train": PER_CLASS, "validation": 200, "test": 200}
"""Accepted samples of the prior, by split. The place of a split in here is the seed of its samples."""


def package_speech_domain(
    name: str,
    run: str | os.PathLike,
    judge_from: str | None,
    folder: str | os.PathLike,
    *,
    encoder_run: str | os.PathLike | None = None,
    note: str = "",
    data_dir: str | None = None,
) -> Domain:
    """Writes weights (float16), latents and model card of a domain of speech.

    All latents are computed with the weights as they ship. With a judge they are samples of the prior that it is
    sure of (`samples_*.npz`). With an encoder they are also the posteriors of the recordings (`latents_*.npz`), of
    at most the first 10,000 of training and 2,000 of test in the data set's shuffled order; the prior is then a
    `LatentMixture` fitted to the posteriors of the training recordings, and sounds are made as loud as these.

    Args:
        name: Name of the domain.
        run: Folder of the run of `train_wavegan`. Its encoder is taken where it has one.
        judge_from: Folder of the classifier's run, or a pretrained domain whose classifier is to judge here
            too; of the same data set. None for no judge, which requires an encoder.
        folder: Folder that the domain is written to.
        encoder_run: Folder of the run of another encoder for this WaveGAN; None for the WaveGAN's own.
        note: A sentence for the model card: how long the training took, say.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The domain, with the weights as they ship.

    Raises:
        ValueError: The runs are unfinished, damaged or of two data sets, there is neither judge nor encoder, the
            prior has too few samples of a class, or `folder` holds something else.
    """
    run = Path(run)
    stages = read_stages(run)
    judge = Judge.read(judge_from, "speech_classifier", name) if judge_from else None
    dataset = stages[-1].config["dataset"]
    if judge and judge.dataset != dataset:
        raise ValueError(f"The WaveGAN is of {dataset!r}, the classifier of {judge.dataset!r}.")
    folder = domain_folder.check_folder(folder)
    encoder = read_run(encoder_run, "speech_encoder")[0] if encoder_run else None
    path = Path(encoder_run) if encoder_run else run
    domain = _load_domain(name, run, path / "encoder.keras", stages[-1].config, judge)
    data = {split: domain.load_data(split, data_dir) for split in domain_folder.NUM_LATENTS}
    domain.class_names = data["train"].class_names
    if domain.has_encoder:
        _fit_prior(domain, data["train"])
        held_out = domain.load_data("validation", data_dir).take(slice(0, MOST_HELD_OUT))
        domain.novelty_scale = NoveltyScale.of_held_out(domain, held_out.floats)

    def finish(shipped: Any, temporary: Path) -> str:
        recognised = _save_posteriors(shipped, data, temporary) if shipped.has_encoder else None
        accepted = _save_samples(shipped, temporary) if judge else None
        return speech_card(
            domain,
            stages,
            judge,
            encoder=encoder,
            recognised=recognised,
            accepted=accepted,
            samples_per_class=SAMPLES_PER_CLASS.values(),
            note=note,
            own_validation=stored.has_validation(dataset, data_dir),
        )

    return domain_folder.write_domain(domain, folder, finish)


def _load_domain(
    name: str, run: Path, path_of_encoder: Path, config: Mapping[str, Any], judge: Judge | None
) -> SpeechDomain:
    generator = load_keras_generator(run / "generator.keras")
    encoder: Any = None
    if path_of_encoder.exists():
        encoder = load_network(path_of_encoder, keras.Model, "encoder of speech")
        if not isinstance(encoder, (SpeechEncoder, WordEncoder)):
            raise ValueError(f"{path_of_encoder} holds a {type(encoder).__name__}, not an encoder of speech.")
    elif not judge:
        raise ValueError(f"{run} has no encoder, and a classifier has to choose among samples: give --classifier.")
    return SpeechDomain(
        name,
        generator,
        judge.classifier if judge else None,
        encoder,
        prior=config["prior"],
        align=config["align"],
        dataset=config["dataset"],
    )


def _fit_prior(domain: SpeechDomain, recordings: Labelled) -> None:
    """Fits the prior to the posteriors of training recordings, and the gain to their loudness."""
    posteriors = encode_data(domain, recordings)
    domain.mixture = LatentMixture(len(domain.class_names), domain.latent_dim)
    domain.mixture.build()
    domain.mixture.fit_posteriors(posteriors.mu, posteriors.sigma, posteriors.labels)
    domain.gain = _fitting_gain(domain, recordings.floats, posteriors.mu)


def _save_posteriors(domain: SpeechDomain, data: Mapping[str, Labelled], folder: Path) -> float | None:
    """Writes the posteriors of each split, and returns the share of the test split that a judge recognises."""
    recognised = None
    for split, count in domain_folder.NUM_LATENTS.items():
        latents = encode_data(domain, data[split].take(slice(0, count)))
        latents.save(folder / f"latents_{split}.npz")
        if split == "test" and domain.has_classifier:
            recognised = _recognised(domain, latents.mu, latents.labels)
    return recognised


def _save_samples(domain: SpeechDomain, folder: Path) -> float:
    """Writes the samples of each split, and returns the share of draws for the first that was accepted."""
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
    """Returns the factor by which the median recording is louder than the sound decoded from its latent.

    A decoder trained on distances between spectra makes sounds a little too soft: the distance is least there for
    whatever it cannot predict.

    Args:
        domain: The domain, its gain 1.
        x: Recordings, float32 [n, NUM_SAMPLES] in [-1, 1].
        z: Their latents, float32 [n, latent_dim].
    """
    decode = as_graph(domain.decode)
    decoded = in_batches(decode, z, batch_size=domain.batch_size)
    loudness = [np.sqrt(np.mean(np.square(sounds), axis=1)) for sounds in (x, decoded)]
    return round(float(np.median(loudness[0] / loudness[1])), 3)


def _recognised(domain: Domain, z: np.ndarray, labels: np.ndarray) -> float:
    """Returns the share of latents whose decoded sound the judge assigns to their class."""
    judge = as_graph(lambda z: domain.classify(domain.decode(z)))
    return float(np.mean(in_batches(judge, z, batch_size=domain.batch_size).argmax(axis=1) == labels))
