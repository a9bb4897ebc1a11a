"""Inception score of generated or of real recordings, by a classifier of `train_domain`.

    bin/inception_score.py --classifier=out/speech_classifier/model.keras --generator=out/digits/generator.keras \
        --prior=normal
    bin/inception_score.py --classifier=out/speech_classifier/model.keras --dataset=spoken_digit --split=test

As in the WaveGAN paper: mean and standard deviation over ten parts, of 50,000 samples of a generator
unless told. Beside it, the share of them whose largest class probability is at least 0.95.
"""

import numpy as np
import tensorflow as tf
from absl import flags

from latent_xlate.batching import in_batches
from latent_xlate.bridge.latent_samples import MIN_PROBABILITY
from latent_xlate.cli import _app
from latent_xlate.data import speech
from latent_xlate.domains import speech_training, wavegan_training
from latent_xlate.domains.wavegan_trainer import PRIORS, sample_prior
from latent_xlate.evaluation.inception_score import inception_score

_CLASSIFIER = flags.DEFINE_string("classifier", None, "`model.keras` of a run of train_domain.", required=True)
_GENERATOR = flags.DEFINE_string("generator", None, "`generator.keras` of a run of train_wavegan.")
_PRIOR = flags.DEFINE_enum("prior", "uniform", PRIORS, "That which the generator was trained with.")
_NUM_SAMPLES = flags.DEFINE_integer("num_samples", 50_000, "Samples of the generator.", lower_bound=10)
_DATASET = flags.DEFINE_string("dataset", None, "Prepared data set of recordings, instead of a generator.")
_SPLIT = flags.DEFINE_enum("split", "test", speech.SPLITS, "Split of that.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_SEED = flags.DEFINE_integer("seed", 0, "Of the samples.")


def main(argv):
    del argv
    classifier = speech_training.load_classifier(_CLASSIFIER.value)
    if _DATASET.value and not _GENERATOR.value:
        x = speech.load(_DATASET.value, _SPLIT.value, _DATA_DIR.value).floats
        probabilities = in_batches(tf.function(lambda x: tf.nn.softmax(classifier(x))), x, batch_size=64)
    elif _GENERATOR.value and not _DATASET.value:
        generator = wavegan_training.load_generator(_GENERATOR.value)
        shape, seed = (_NUM_SAMPLES.value, generator.latent_dim), tf.constant([_SEED.value, 0])
        z = sample_prior(_PRIOR.value, shape, seed).numpy()
        judge = tf.function(lambda z: tf.nn.softmax(classifier(generator(z)[..., 0])), reduce_retracing=True)
        probabilities = in_batches(judge, z, batch_size=64)
    else:
        raise ValueError("Give either --generator or --dataset.")
    mean, deviation = inception_score(probabilities)
    share = np.mean(probabilities.max(axis=1) >= MIN_PROBABILITY)
    print(f"Inception score {mean:.3f} +- {deviation:.3f} of {len(probabilities)} sounds")
    print(f"Largest probability at least {MIN_PROBABILITY}: {share:.1%}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
