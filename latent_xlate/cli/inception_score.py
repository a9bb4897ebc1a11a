"""Inception score of generated or of real recordings, by a classifier of `train_domain`.

    bin/inception_score.py --domain=spoken_digit
    bin/inception_score.py --domain=spoken_digit --recordings
    bin/inception_score.py --classifier=out/speech_classifier/model.keras --generator=out/digits/generator.keras \
        --prior=normal
    bin/inception_score.py --classifier=out/speech_classifier/model.keras --dataset=spoken_digit --split=test

The score is computed as in the WaveGAN paper: mean and standard deviation over ten parts of 50,000 samples
(--num_samples). The share of sounds whose largest class probability is at least 0.95 is printed too. A domain has
its own generator, prior and judge; its recordings are aligned as in its training.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import flags

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.cli import _app
from latent_xlate.data import speech
from latent_xlate.data.labelled import SPLITS
from latent_xlate.domains import pretrained
from latent_xlate.domains.speech import speech_training, wavegan_generator
from latent_xlate.domains.speech.priors import PRIORS, sample_prior
from latent_xlate.evaluation.inception_score import inception_score
from latent_xlate.latents.samples import MIN_PROBABILITY

_DOMAIN = flags.DEFINE_string("domain", None, "Domain of speech that ships, or its folder; this or --classifier.")
_RECORDINGS = flags.DEFINE_bool("recordings", False, "Whether to take recordings of the domain's data set.")
_CLASSIFIER = flags.DEFINE_string("classifier", None, "`model.keras` of a run of train_domain.")
_GENERATOR = flags.DEFINE_string("generator", None, "`generator.keras` of a run of train_wavegan.")
_PRIOR = flags.DEFINE_enum("prior", "uniform", PRIORS, "That which the generator was trained with.")
_NUM_SAMPLES = flags.DEFINE_integer("num_samples", 50_000, "Samples of the generator.", lower_bound=10)
_DATASET = flags.DEFINE_string("dataset", None, "Prepared data set of recordings, instead of a generator.")
_SPLIT = flags.DEFINE_enum("split", "test", SPLITS, "Split of recordings.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_SEED = flags.DEFINE_integer("seed", 0, "Of the samples.")


def main(argv: list[str]) -> None:
    del argv
    probabilities = _of_domain(_DOMAIN.value) if _DOMAIN.value else _of_runs()
    mean, deviation = inception_score(probabilities)
    share = np.mean(probabilities.max(axis=1) >= MIN_PROBABILITY)
    print(f"Inception score {mean:.3f} +- {deviation:.3f} of {len(probabilities)} sounds")
    print(f"Largest probability at least {MIN_PROBABILITY}: {share:.1%}")


def _of_domain(name: str) -> np.ndarray:
    """Returns class probabilities of a domain's samples or recordings, [n, classes]."""
    if _CLASSIFIER.value or _GENERATOR.value or _DATASET.value:
        raise ValueError("--domain has a classifier, a generator and a data set of its own: leave those out.")
    domain = pretrained.load_domain(name)
    if _RECORDINGS.value:
        return _probabilities(domain.classify, domain.load_data(_SPLIT.value, _DATA_DIR.value).floats)
    z = domain.sample_prior(_NUM_SAMPLES.value, _SEED.value).numpy()
    return _probabilities(lambda z: domain.classify(domain.decode(z)), z)


def _of_runs() -> np.ndarray:
    """Returns class probabilities of a generator's samples or of a data set's recordings, [n, classes]."""
    if not _CLASSIFIER.value or _RECORDINGS.value or bool(_GENERATOR.value) == bool(_DATASET.value):
        raise ValueError("Give --domain, or --classifier with either --generator or --dataset.")
    classifier = speech_training.load_classifier(_CLASSIFIER.value)
    if _DATASET.value:
        return _probabilities(classifier, speech.load(_DATASET.value, _SPLIT.value, _DATA_DIR.value).floats)
    assert _GENERATOR.value
    generator = wavegan_generator.load_keras_generator(_GENERATOR.value)
    shape, seed = (_NUM_SAMPLES.value, generator.latent_dim), tf.constant([_SEED.value, 0])
    z = sample_prior(_PRIOR.value, shape, seed).numpy()
    return _probabilities(lambda z: classifier(generator(z)[..., 0]), z)


def _probabilities(classify: Callable[[tf.Tensor], tf.Tensor], x: np.ndarray) -> np.ndarray:
    judge = as_graph(lambda x: tf.nn.softmax(classify(x)))
    return in_batches(judge, x, batch_size=64)


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
