"""Suggested instances are the middles of what hangs together."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_moons

from latent_xlate.few_labels.label_suggestion import diffusion_map, suggest
from latent_xlate.few_labels.neighbour_graph import neighbour_graph


def suggested(points, count):
    return suggest(diffusion_map(neighbour_graph(points)), count)


def test_one_of_each_blob_the_largest_first_near_its_middle():
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    points, labels = make_blobs((60, 200, 120), centers=centres, random_state=0)
    chosen = suggested(points, 3)
    assert labels[chosen].tolist() == [1, 2, 0]
    assert np.linalg.norm(points[chosen] - centres[[1, 2, 0]], axis=1).max() < 0.7
    np.testing.assert_array_equal(suggested(points, 3), chosen)


def test_both_of_two_moons_are_met():
    points, labels = make_moons(400, noise=0.05, random_state=0)
    assert set(labels[suggested(points, 2)]) == {0, 1}


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_all_of_all_points_each_once_even_where_they_coincide():
    assert sorted(suggested(np.zeros((5, 2)), 5)) == [0, 1, 2, 3, 4]


def test_places_tell_parts_of_a_graph_apart_and_draw_together_what_hangs_together():
    points, labels = make_moons(400, noise=0.05, random_state=0)
    places = diffusion_map(neighbour_graph(points))
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1, atol=1e-6)
    cosines = places @ places.T
    alike = labels[:, np.newaxis] == labels
    assert cosines[alike].mean() > 0.1
    assert abs(cosines[~alike].mean()) < 0.01


def test_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="number of instances to choose from is 3; it must be 4 or more"):
        suggested(np.eye(3), 4)
