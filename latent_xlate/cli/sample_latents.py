"""Samples latents of a GAN: draws of its prior that a classifier is sure of, as many of each class.

    bin/sample_latents.py --generator=out/digits/generator.keras \
        --classifier=out/speech_classifier/model.keras --prior=normal --output=out/latents_train.npz

writes the latents, their labels and a sigma of zero, as the bridge takes them, and says which share of
the samples was accepted. With another --seed the samples are others: for latents to test on.
"""

import functools

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.domains.speech import speech_training, wavegan_generator
from latent_xlate.domains.speech.priors import PRIORS, sample_prior
from latent_xlate.latents import samples

_GENERATOR = flags.DEFINE_string("generator", None, "`generator.keras` of a run of train_wavegan.", required=True)
_CLASSIFIER = flags.DEFINE_string("classifier", None, "`model.keras` of a run of train_domain.", required=True)
_PRIOR = flags.DEFINE_enum("prior", "uniform", PRIORS, "That which the generator was trained with.")
_OUTPUT = flags.DEFINE_string("output", None, "File of the latents, npz.", required=True)
_PER_CLASS = flags.DEFINE_integer("per_class", samples.PER_CLASS, "Samples to keep of each.", lower_bound=1)
_MIN_PROBABILITY = flags.DEFINE_float(
    "min_probability",
    samples.MIN_PROBABILITY,
    "Largest class probability from which on a sample is kept.",
    lower_bound=0.0,
    upper_bound=1.0,
)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 64, "Samples drawn at once.", lower_bound=1)
_MAX_SAMPLES = flags.DEFINE_integer(
    "max_samples", None, "Samples drawn at most (default: 30 times those to keep).", lower_bound=1
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the samples.")


def main(argv):
    del argv
    generator = wavegan_generator.load_keras_generator(_GENERATOR.value)
    classifier = speech_training.load_classifier(_CLASSIFIER.value)
    latents, share = samples.sample_latents(
        functools.partial(sample_prior, _PRIOR.value, (_BATCH_SIZE.value, generator.latent_dim)),
        lambda z: classifier(generator(z)[..., 0]),
        [str(label) for label in range(classifier.num_classes)],
        per_class=_PER_CLASS.value,
        min_probability=_MIN_PROBABILITY.value,
        max_samples=_MAX_SAMPLES.value,
        seed=_SEED.value,
    )
    latents.save(_OUTPUT.value)
    print(f"Accepted {share:.1%} of all samples. Wrote {len(latents)} latents to {_OUTPUT.value}")


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
