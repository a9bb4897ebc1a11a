"""Samples labelled latents of a GAN from its prior, the same number for each class.

    bin/sample_latents.py --generator=out/digits/generator.keras \
        --classifier=out/speech_classifier/model.keras --prior=normal --output=out/latents_train.npz

A sample is accepted if a classifier gives its sound a class with a probability of at least --min_probability. The
file has the latents, these classes as labels, and a sigma of zero, in the format that the bridge is trained with. For a
test set, run the command again with another --seed.
"""

import functools

from absl import flags

from latent_xlate.cli import _app
from latent_xlate.domains.speech import speech_training, wavegan_generator
from latent_xlate.domains.speech.priors import PRIORS, sample_prior
from latent_xlate.latents import samples

_GENERATOR = flags.DEFINE_string("generator", None, "`generator.keras` of a run of train_wavegan.", required=True)
_CLASSIFIER = flags.DEFINE_string("classifier", None, "`model.keras` of a run of train_domain.", required=True)
_PRIOR = flags.DEFINE_enum("prior", "uniform", PRIORS, "Prior with which the generator was trained.")
_OUTPUT = flags.DEFINE_string("output", None, "File of the latents to write, npz.", required=True)
_PER_CLASS = flags.DEFINE_integer(
    "per_class", samples.PER_CLASS, "Number of accepted samples of each class.", lower_bound=1
)
_MIN_PROBABILITY = flags.DEFINE_float(
    "min_probability",
    samples.MIN_PROBABILITY,
    "Smallest probability of its class with which a sample is accepted.",
    lower_bound=0.0,
    upper_bound=1.0,
)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 64, "Number of samples drawn at once.", lower_bound=1)
_MAX_SAMPLES = flags.DEFINE_integer(
    "max_samples",
    None,
    "Largest number of samples drawn (default: 30 times the number of accepted ones).",
    lower_bound=1,
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the samples.")


def main(argv: list[str]) -> None:
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


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
