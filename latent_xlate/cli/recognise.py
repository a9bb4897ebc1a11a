"""Measures whether an independent recogniser understands speech.

    bin/recognise.py --domain=spoken_digit --recordings
    bin/recognise.py --domain=spoken_digit --translator=out/mnist_spoken_digit/translator --source=mnist

The recogniser is CMU PocketSphinx with its English model (`pip install 'latent_xlate[recogniser]'`). It chooses
among the words of the domain's classes. The command prints the share of sounds in which it recognises the right
word: for recordings of the data set's test split, aligned as in the domain's training (no recogniser understands all
of them), for sounds decoded from their latents, for accepted samples of the prior, and for translations of the
source's held-out latents.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import flags

from latent_xlate.batching import in_batches
from latent_xlate.cli import _app
from latent_xlate.domains import pretrained
from latent_xlate.evaluation.recogniser import share_understood
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents
from latent_xlate.translator import Translator

_DOMAIN = flags.DEFINE_string("domain", None, "Domain of speech that ships, or its folder.", required=True)
_TRANSLATOR = flags.DEFINE_string("translator", None, "Folder of a translator to that domain.")
_SOURCE = flags.DEFINE_string("source", None, "Domain to translate from, which ships with held-out latents.")
_RECORDINGS = flags.DEFINE_bool("recordings", False, "Whether to measure recordings of the data set, too.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_COUNT = flags.DEFINE_integer("count", 300, "Sounds to measure of each kind, at most.", lower_bound=1)


def main(argv: list[str]) -> None:
    del argv
    if bool(_TRANSLATOR.value) != bool(_SOURCE.value):
        raise ValueError("--translator and --source go together: give both or neither.")
    domain = pretrained.load_domain(_DOMAIN.value)

    def measure(description: str, x: np.ndarray, labels: np.ndarray) -> None:
        share = share_understood(x, labels, domain.class_names)
        print(f"{description}: {share:.3f} of {len(x)} understood")

    def decoded(latents: Latents, decode: Callable[[tf.Tensor], tf.Tensor]) -> tuple[np.ndarray, np.ndarray]:
        latents = latents.take(slice(0, _COUNT.value))
        return in_batches(decode, latents.mu, batch_size=domain.batch_size), latents.labels

    if _RECORDINGS.value:
        data = domain.load_data("test", _DATA_DIR.value).take(slice(0, _COUNT.value))
        measure("Recordings", data.floats, data.labels)
    if not (_TRANSLATOR.value and _SOURCE.value):
        for description, kind in (("Recordings, encoded and decoded", "shipped"), ("Accepted samples", "samples")):
            if kind == "samples" or domain.has_encoder:
                measure(
                    description, *decoded(_shuffled(load_latents(domain, _DOMAIN.value, kind, "test")), domain.decode)
                )
        return
    translator = Translator.load(_TRANSLATOR.value)
    source = translator.domain(_SOURCE.value)
    latents = load_latents(source, source.name, "shipped", "test")
    target = translator.domain(domain.name)
    measure(
        f"{source.name} to {domain.name}",
        *decoded(latents, lambda z: target.decode(translator.translate_latents(z, source.name, target.name))),
    )


def _shuffled(latents: Latents) -> Latents:
    return latents.take(np.random.default_rng(0).permutation(len(latents)))  # Samples are sorted by class.


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
