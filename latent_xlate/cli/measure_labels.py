"""Measures the accuracy of labels that are propagated from a few labelled instances to all others.

    bin/measure_labels.py --domain=mnist --output=out/labels_of_mnist.json
    bin/measure_labels.py --domain=mnist --latents=dataset --split=validation --edges=unit

Prints a table of the share of unlabelled instances that each method assigns to the right class, with and without the
assumption that all classes have one size: mean and standard deviation over several random sets of labelled instances,
and over sets of the same size that `suggest_labels` would choose. The other labels are used for measuring only.
"""

from pathlib import Path

from absl import flags

from latent_xlate import files
from latent_xlate.cli import _app
from latent_xlate.data.labelled import SPLITS
from latent_xlate.evaluation import label_accuracy
from latent_xlate.few_labels import neighbour_graph
from latent_xlate.latents.sources import ALIASES, LATENTS, load_domains

_DOMAIN = flags.DEFINE_string("domain", None, "Name or folder of a domain.", required=True)
_LATENTS = flags.DEFINE_enum("latents", "shipped", [*LATENTS, *ALIASES], "Kind of latents to label.")
_SPLIT = flags.DEFINE_enum("split", "train", SPLITS, "Split of the data.")
_LABELS_PER_CLASS = flags.DEFINE_multi_integer(
    "labels_per_class", [1, 10, 100], "Labels of each class; may be repeated.", lower_bound=1
)
_NUM_SETS = flags.DEFINE_integer("num_sets", 5, "Random sets of each number of labels.", lower_bound=1)
_NUM_NEIGHBOURS = flags.DEFINE_integer("num_neighbours", neighbour_graph.NUM_NEIGHBOURS, "Neighbours of each instance.")
_EDGES = flags.DEFINE_enum("edges", neighbour_graph.EDGES[0], neighbour_graph.EDGES, "Weights of the graph's edges.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of TFDS data sets (default: TFDS's own).")
_OUTPUT = flags.DEFINE_string("output", None, "File for the accuracies of all sets, JSON.")


def main(argv: list[str]) -> None:
    del argv
    if _OUTPUT.value:
        files.output_folder(Path(_OUTPUT.value).parent)
    (domain,), (latents,) = load_domains([_DOMAIN.value], _LATENTS.value, _SPLIT.value, _DATA_DIR.value)
    curve = label_accuracy.measure_labels(
        neighbour_graph.graph_points(domain, latents),
        latents.labels,
        len(domain.class_names),
        labels_per_class=_LABELS_PER_CLASS.value,
        num_sets=_NUM_SETS.value,
        num_neighbours=_NUM_NEIGHBOURS.value,
        edges=_EDGES.value,
    )
    print(label_accuracy.table(curve))
    if _OUTPUT.value:
        files.write_json(Path(_OUTPUT.value), curve)


def console_entry_point() -> None:
    _app.run(main)


if __name__ == "__main__":
    console_entry_point()
