r"""Plots the accuracy of evaluated translators against the FID of their translations.

    bin/evaluate.py --translator=out/faithful/translator --output=out/faithful_0
    bin/evaluate.py --translator=out/faithful/translator --temperature=1 --output=out/faithful_1
    bin/evaluate.py --translator=out/affine/translator --output=out/affine
    bin/plot_frontier.py --source=mnist --target=fashion_mnist --output=out/frontier.svg \
        --evaluation=faithful=out/faithful_0 --evaluation=faithful=out/faithful_1 --evaluation=affine=out/affine

Each `--evaluation` is a name and the `--output` of `bin/evaluate.py`. A line joins those of one name, by temperature.
"""

import collections
from pathlib import Path

from absl import flags

from latent_xlate import checks, figures, files
from latent_xlate.cli import _app
from latent_xlate.evaluation import frontier

_SOURCE = flags.DEFINE_string("source", None, "Name of the domain that is translated.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Name of the domain to which it is translated.", required=True)
_EVALUATION = flags.DEFINE_multi_string(
    "evaluation", None, "NAME=FOLDER, a name in the legend and an evaluation; may be repeated.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "The figure, a file of type svg, png or pdf.", required=True)


def main(argv: list[str]) -> None:
    del argv
    checks.known(Path(_OUTPUT.value).suffix, (".svg", ".png", ".pdf"), "suffix of --output")
    curves: dict[str, list[frontier.Point]] = collections.defaultdict(list)
    for evaluation in _EVALUATION.value:
        name, folder = _app.name_and_folder("evaluation", evaluation)
        curves[name].append(frontier.read_point(folder, _SOURCE.value, _TARGET.value))
    figure = frontier.draw(curves, _SOURCE.value, _TARGET.value)
    files.output_folder(Path(_OUTPUT.value).parent)
    print(f"Wrote {figures.write(figure, _OUTPUT.value)}")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
