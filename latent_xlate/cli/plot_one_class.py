r"""Plots instances of one class, in the order in which they vary most, and what translators make of each of them.

    bin/plot_one_class.py --source=mnist --target=fashion_mnist --class_name=7 --output=out/sevens.png \
        --translator=best=out/best/translator --translator=faithful=out/faithful/translator \
        --temperature=0 --temperature=1

The first row are held-out instances, and each row below is of one translator and one temperature: do translations of
one class differ, and do neighbours stay neighbours?
"""

from pathlib import Path

from absl import flags

from latent_xlate import (
    baselines,  # noqa: F401  Registers their classes with Keras.
    checks,
)
from latent_xlate.cli import _app
from latent_xlate.evaluation.one_class import draw_one_class

_TRANSLATOR = flags.DEFINE_multi_string(
    "translator", None, "NAME=FOLDER, a name in the figure and a translator; may be repeated.", required=True
)
_SOURCE = flags.DEFINE_string("source", None, "Name of the domain of the instances.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Name of the domain to which they are translated.", required=True)
_CLASS_NAME = flags.DEFINE_string("class_name", None, "Name of a class of the source.", required=True)
_TEMPERATURE = flags.DEFINE_multi_float(
    "temperature", [0.0], "How far translations go from the mean of the shared latent; may be repeated."
)
_LATENTS = flags.DEFINE_string(
    "latents", "shipped", "shipped, dataset or samples, of all domains or, separated by commas, of each."
)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_OUTPUT = flags.DEFINE_string("output", None, "The figure, a PNG file.", required=True)


def main(argv: list[str]) -> None:
    del argv
    checks.known(Path(_OUTPUT.value).suffix, [".png"], "suffix of --output")
    path = draw_one_class(
        _OUTPUT.value,
        dict(_app.name_and_folder("translator", value) for value in _TRANSLATOR.value),
        _SOURCE.value,
        _TARGET.value,
        _CLASS_NAME.value,
        _TEMPERATURE.value,
        _LATENTS.value,
        _DATA_DIR.value,
    )
    print(f"Wrote {path}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
