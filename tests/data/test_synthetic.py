import numpy as np

from latent_xlate.data.synthetic import digits_like


def test_same_seed_same_images():
    first, again, other = digits_like(20), digits_like(20), digits_like(20, seed=1)
    assert np.array_equal(first.content, again.content)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.content, other.content)


def test_classes_are_balanced_and_can_be_told_apart():
    train, test = digits_like(600, seed=0, image_size=14), digits_like(200, seed=1, image_size=14)
    assert np.bincount(test.labels).tolist() == [20] * 10
    means = np.stack([train.floats[train.labels == k].mean(0).ravel() for k in range(10)])
    distances = ((test.floats.reshape(200, 1, -1) - means) ** 2).sum(-1)
    assert (distances.argmin(-1) == test.labels).mean() > 0.9
