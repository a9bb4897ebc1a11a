import copy

import numpy as np
import pytest

from latent_xlate.evaluation import label_curve
from tests.evaluation.test_report import RUN


def run(count, label_seed, accuracy, label_file=None):
    made = copy.deepcopy(RUN) | {"translator": f"out/{count}_{label_seed}"}
    made["transfers"]["mnist_to_mnist_b"]["accuracy"] = accuracy
    made["labels_seen"] = {"labels_per_class": count, "label_seed": label_seed, "label_file": label_file}
    return made


RUNS = [run(10, 3, 0.9), run(1, 0, 0.5), run(10, 4, 0.8), run(1, 1, 0.3)]


def test_curve_has_mean_spread_and_seeds_of_each_number_in_the_order_asked_for():
    curve = label_curve.summarise_groups(label_curve.group(RUNS, [1, 10]))
    assert [(point["labels_per_class"], point["label_seeds"]) for point in curve] == [(1, [0, 1]), (10, [3, 4])]
    means = [point["summary"]["transfers"]["mnist_to_mnist_b"]["accuracy"] for point in curve]
    assert means == [
        pytest.approx({"mean": 0.4, "std": 0.02**0.5}),
        pytest.approx({"mean": 0.85, "std": 0.005**0.5}),
    ]
    rows = label_curve.table(curve).splitlines()[-2:]
    assert rows == ["| 1 | 0, 1 | – | 0.4000 ± 0.1414 |", "| 10 | 3, 4 | – | 0.8500 ± 0.0707 |"]


def test_plot_goes_through_the_means():
    groups = label_curve.group(RUNS, [10, 1])
    (axis,) = label_curve.draw(groups).axes
    (line,) = (line for line in axis.lines if line.get_marker() == "o")
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), [0.85, 0.4])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["10", "1"]


@pytest.mark.parametrize(
    ("added", "counts", "said"),
    [
        ([], [1], "out/10_3 learnt from 10 labels a class, not from 1 labels"),
        ([], [1, 10, 100], "No run learnt from 100"),
        ([run(10, 0, 0.5, "labels.csv")], [1, 10], "out/10_0 learnt from labels.csv"),
        ([RUN | {"translator": "out/all"}], [1, 10], "out/all learnt from all labels, not from 1 or 10"),
    ],
)
def test_runs_of_other_labels_are_refused(added, counts, said):
    with pytest.raises(ValueError, match=said):
        label_curve.group([*RUNS, *added], counts)
