r"""Measures translators: accuracy, FID, confusion matrices, and how individual translations are.

Example, one bridge trained with three seeds, on all held-out test images:

    bin/evaluate.py --translator=out/seed0/translator --translator=out/seed1/translator \
        --translator=out/seed2/translator --latents=dataset --output=out/evaluation

Without data sets, on the latents of 2,000 held-out test images that ship with the pretrained domains:

    bin/evaluate.py --translator=out/quickstart/run/translator --output=out/evaluation

A domain of speech from held-out recordings, by its encoder, and from samples of its prior that its judge
is sure of, which need no encoder (the domains in the order of the translator's):

    bin/evaluate.py --translator=out/sound/translator --latents=dataset --output=out/recordings
    bin/evaluate.py --translator=out/sound/translator --latents=dataset,samples --output=out/samples

The accuracy by number of labels, of bridges that learnt from random sets of few (`--config=few_labels`), in
the place of one mean over all of them:

    bin/evaluate.py --translator=out/one0/translator --translator=out/one1/translator --translator=out/ten0/translator \
        --translator=out/ten1/translator --labels_per_class=1 --labels_per_class=10 --output=out/curve

The place of a bridge on the frontier of accuracy and variety, sampled at a temperature:

    bin/evaluate.py --translator=out/quickstart/run/translator --temperature=0.7 --output=out/evaluation_0.7

The folder gets `metrics.json` (the numbers of each run, with their seeds, and mean and standard
deviation over runs), `table.md` (beside the paper's numbers; printed too) and `figures/`, which show
the first translator. `docs/metrics.md` says what each number means, `latent_xlate/evaluation/accuracy.py` and
`individual.py` where it stands.

The protocol `held_out` measures test data at the means of the posteriors; `validation` does so on the
images held out of the training data, to choose settings by; `reference`, as the paper's authors' code
does, measures 1,000 training instances with z and z' sampled.
"""

from absl import flags

from latent_xlate import baselines  # noqa: F401  Registers them with Keras.
from latent_xlate.cli import _app
from latent_xlate.evaluation import protocols, runs

_TRANSLATOR = flags.DEFINE_multi_string("translator", None, "Folder of a translator; may be repeated.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the results.", required=True)
_LATENTS = flags.DEFINE_string(
    "latents", "shipped", "shipped, dataset or samples, of all domains or, separated by commas, of each."
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_PROTOCOL = flags.DEFINE_enum("protocol", "held_out", list(protocols.PROTOCOLS), "How translations are measured.")
_SEED = flags.DEFINE_integer("seed", 0, "Governs all that is random.")
_TEMPERATURE = flags.DEFINE_float(
    "temperature", 0.0, "How far translations go from the mean of the shared latent: 0 is the mean, 1 its posterior."
)
_LABELS_PER_CLASS = flags.DEFINE_multi_integer(
    "labels_per_class", [], "How many labels of each class the translators learnt from; may be repeated.", lower_bound=0
)
_FIGURES = flags.DEFINE_bool("figures", True, "Whether to draw figures.")


def main(argv: list[str]) -> None:
    del argv
    table = runs.evaluate_runs(
        _TRANSLATOR.value,
        _OUTPUT.value,
        latents=_LATENTS.value,
        data_dir=_DATA_DIR.value,
        protocol=_PROTOCOL.value,
        seed=_SEED.value,
        with_figures=_FIGURES.value,
        labels_per_class=_LABELS_PER_CLASS.value,
        temperature=_TEMPERATURE.value,
    )
    print(table)
    print(f"Wrote {_OUTPUT.value}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
