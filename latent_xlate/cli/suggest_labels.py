r"""Suggests which instances to label first, for a bridge of few labels.

    bin/suggest_labels.py --domain=mnist --domain=mnist_b --count=20 --output=out/labels

The folder gets `labels.csv`, with a row for each instance suggested; for each domain that shows pictures a contact
sheet, `NAME.png`, in the order of the rows; and for each domain of sounds the recordings, `NAME/INDEX.wav`. Fill in the
name of the class in the last column of each row that you know, then train:

    bin/train_bridge.py --config=few_labels:mnist_mnist_quick --config.label_file=out/labels/labels.csv \
        --workdir=out/few_labels

Each class needs one labelled instance at least. Labels of the data are not used. A domain of unlabelled data gets the
classes that you write.
"""

from absl import flags

from latent_xlate import files
from latent_xlate.cli import _app
from latent_xlate.few_labels import contact_sheet
from latent_xlate.latents.sources import ALIASES, LATENTS

_DOMAIN = flags.DEFINE_multi_string("domain", None, "Name or folder of a domain; may be repeated.", required=True)
_COUNT = flags.DEFINE_integer("count", 20, "Instances to suggest of each domain.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", None, "Folder for table and contact sheets.", required=True)
_LATENTS = flags.DEFINE_enum(
    "latents", "shipped", [*LATENTS, *ALIASES], "Kind of latents that the bridge is to be trained on."
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the choice.", lower_bound=0)


def main(argv: list[str]) -> None:
    del argv
    files.output_folder(_OUTPUT.value)
    written = contact_sheet.suggest_labels(
        _DOMAIN.value, _OUTPUT.value, _COUNT.value, _LATENTS.value, _DATA_DIR.value, _SEED.value
    )
    print(f"Fill in the last column of {written}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
