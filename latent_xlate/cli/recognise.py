"""Measures whether speech is understood by a recogniser that nothing here had a part in training.

    bin/recognise.py --domain=spoken_digit --recordings
    bin/recognise.py --domain=spoken_digit --translator=out/mnist_spoken_digit/translator --source=mnist

It is CMU PocketSphinx with its English model (`pip install 'latent_xlate[recogniser]'`), which is to choose
among the words of the domain's classes. Printed is the share of sounds in which it hears the right one: of
the recordings of the data set's test split, aligned as the domain's are, since no recogniser understands
them all; of what the domain makes of their latents; of accepted samples of its prior; and of translations
of the source's held-out latents.
"""

import numpy as np
from absl import flags

from latent_xlate.batching import in_batches
from latent_xlate.cli import _app
from latent_xlate.domains import pretrained
from latent_xlate.evaluation.recogniser import share_understood
from latent_xlate.latents.sources import load_latents
from latent_xlate.translator import Translator

_DOMAIN = flags.DEFINE_string("domain", None, "Domain of speech that ships, or its folder.", required=True)
_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a translator to that domain.")
_SOURCE = flags.DEFINE_string("source", None, "Domain to translate from, which ships with held-out latents.")
_RECORDINGS = flags.DEFINE_bool("recordings", False, "Whether to measure recordings of the data set, too.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_COUNT = flags.DEFINE_integer("count", 300, "Sounds to measure of each kind, at most.", lower_bound=1)


def main(argv):
    del argv
    if bool(_TRANSLATOR.value) != bool(_SOURCE.value):
        raise ValueError("--translator and --source go together: give both or neither.")
    domain = pretrained.load(_DOMAIN.value)

    def measure(what, x, labels):
        share = share_understood(x, labels, domain.class_names)
        print(f"{what}: {share:.3f} of {len(x)} understood")

    def decoded(latents, decode):
        latents = latents.take(slice(0, _COUNT.value))
        return in_batches(decode, latents.mu, batch_size=domain.batch_size), latents.labels

    if _RECORDINGS.value:
        data = domain.load_data("test", _DATA_DIR.value).take(slice(0, _COUNT.value))
        measure("Recordings", data.floats, data.labels)
    if not (_TRANSLATOR.value and _SOURCE.value):
        for what, kind in (("Recordings, encoded and decoded", "shipped"), ("Accepted samples", "samples")):
            if kind == "samples" or domain.has_encoder:
                measure(what, *decoded(_shuffled(load_latents(domain, _DOMAIN.value, kind, "test")), domain.decode))
        return
    translator = Translator.load(_TRANSLATOR.value)
    source = translator.domain(_SOURCE.value)
    latents = load_latents(source, source.name, "shipped", "test")
    target = translator.domain(domain.name)
    measure(
        f"{source.name} to {domain.name}",
        *decoded(latents, lambda z: target.decode(translator.translate_latents(z, source.name, target.name))),
    )


def _shuffled(latents):
    return latents.take(np.random.default_rng(0).permutation(len(latents)))  # Samples lie in the order of classes.


def console_entry_point():
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
