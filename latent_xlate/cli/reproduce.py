"""Reproduces the tables and figures of the paper, and writes a report with our numbers beside theirs.

    bin/reproduce.py --what=all --output=out/paper
    bin/reproduce.py --what=table3,figure4 --output=out/paper
    bin/reproduce.py --what=all --output=out/paper_quick --quick

The data sets mnist, fashion_mnist and spoken_digit must be prepared (`prepare_data`). The folder gets `report.md` and
`report.html` with the chosen sections, `figures/`, and `runs/`, the trained bridges and baselines, each in a folder
named after a hash of its configuration. Finished runs in the folder are used again: the same command continues one
that was interrupted, and after `all` a single table or figure takes seconds.

Tables 1 to 5 are transfer accuracy and FID, reconstruction, labels per class, ablation and the class mapping;
training_time is section 5.4; figures 2 to 11 are the paper's. Beyond the paper, shared_space shows the shared space
of three domains, and few_labels is table 3 with labels that are propagated to all other instances along a graph.
`all` trains about a hundred bridges of ten thousand steps each, and fifty baselines and rivals: most of a day on two
cores.

`--quick` trains small networks for a few steps on the latents that ship, to show in minutes that everything works;
its numbers mean nothing. It leaves out what needs a data set that is not prepared, and says so.
"""

import tensorflow as tf
from absl import flags

from latent_xlate import distribution
from latent_xlate.cli import _app
from latent_xlate.latents.interpolation import METHODS
from latent_xlate.reproduction import reproduce
from latent_xlate.reproduction.experiments import Settings

_WHAT = flags.DEFINE_list("what", [reproduce.ALL], f"Any of {', '.join([reproduce.ALL, *reproduce.SECTIONS])}.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the report and the trained models.", required=True)
_QUICK = flags.DEFINE_bool("quick", False, "Small networks and few steps, to see everything work in minutes.")
_MODE = flags.DEFINE_enum("mode", "best", ["best", "paper"], "Settings of the bridges.")
_NUM_SEEDS = flags.DEFINE_integer("num_seeds", None, "Runs of each experiment (default: 3; quick: 1).", lower_bound=1)
_NUM_BASELINE_SEEDS = flags.DEFINE_integer(
    "num_baseline_seeds", None, "Runs of each baseline (default: num_seeds).", lower_bound=1
)
_NUM_LABEL_SEEDS = flags.DEFINE_integer(
    "num_label_seeds", None, "Labelled sets of each size in table 3 (default: 5; quick: 2).", lower_bound=1
)
_NUM_STEPS = flags.DEFINE_integer("num_steps", None, "Of each bridge (default: its settings').", lower_bound=1)
_BASELINE_STEPS = flags.DEFINE_integer(
    "baseline_steps", None, "Of each baseline (default: its settings').", lower_bound=1
)
_INTERPOLATION = flags.DEFINE_enum("interpolation", METHODS[0], METHODS, "Of figures 6 and 7.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")


def main(argv: list[str]) -> None:
    del argv
    distribution.share_cores()
    tf.get_logger().setLevel("ERROR")  # Each run traces graphs of its own, of which TensorFlow would warn.
    quick = _QUICK.value
    num_seeds = _NUM_SEEDS.value or (1 if quick else 3)
    settings = Settings(
        quick=quick,
        mode=_MODE.value,
        num_seeds=num_seeds,
        num_baseline_seeds=_NUM_BASELINE_SEEDS.value or num_seeds,
        num_label_seeds=_NUM_LABEL_SEEDS.value or (2 if quick else 5),
        num_steps=_NUM_STEPS.value,
        baseline_steps=_BASELINE_STEPS.value,
        interpolation=_INTERPOLATION.value,
        data_dir=_DATA_DIR.value,
    )
    page = reproduce.reproduce(_WHAT.value, _OUTPUT.value, settings)
    print(f"Open {page.resolve()} in a browser.")


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
