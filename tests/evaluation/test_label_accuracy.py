"""Accuracy of propagated labels, by sets of labels."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from latent_xlate.evaluation.label_accuracy import measure_labels, table
from latent_xlate.few_labels import label_propagation
from latent_xlate.few_labels.neighbour_graph import neighbour_graph
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.latents.label_choice import choose_labelled


@pytest.fixture(scope="module")
def data():
    return make_blobs(240, centers=[[0, 0], [3.2, 0], [0, 3.2]], random_state=0)


def test_accuracy_is_of_those_that_are_not_labelled_and_grows_with_the_labels(data):
    points, labels = data
    curve = measure_labels(points, labels, 3, labels_per_class=(1, 20), num_sets=3)
    assert list(curve) == [f"{name}{end}" for name in METHODS for end in ("", ", equal sizes")]
    for method, row in curve.items():
        assert all(len(accuracies) == 3 for accuracies in row.values())
        # Of blobs that overlap so much nobody can tell more than 0.92.
        assert np.mean(row["20 a class"]) > 0.84
        if "equal" not in method:
            assert np.mean(row["20 a class"]) > np.mean(row["1 a class"])

    chosen = choose_labelled(labels, 3, 1, 2)
    seen = np.full(240, -1)
    seen[chosen] = labels[chosen]
    graph = neighbour_graph(points)
    found = np.argmax(label_propagation.propagate(graph, seen, 3, "spreading"), axis=1)
    hidden = np.delete(np.arange(240), chosen)
    assert curve["spreading"]["1 a class"][2] == pytest.approx(np.mean(found[hidden] == labels[hidden]))


def test_table_has_means_and_standard_deviations():
    text = table({"poisson": {"1 a class": [0.5, 0.7], "3 suggested": [0.9]}})
    assert text == ("| method | 1 a class | 3 suggested |\n|---|---|---|\n| poisson | 0.6000 ± 0.1414 | 0.9000 |")
