import dataclasses

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from latent_xlate.benchmarks.own_pictures_data import coloured_shapes
from latent_xlate.data.images import labelled_images
from latent_xlate.domains.image.augmentation import Augmentation, augmented_copies, classes_differ_in_colour
from tests.support.tolerances import assert_close

NONE = Augmentation(shift=0.0, turn=0.0, scale=1.0, stretch=1.0, levels=0.0)
POSITIONS = tf.range(64, dtype=tf.int64)


def pictures(count=64, size=16, channels=3, seed=0):
    return np.random.default_rng(seed).uniform(size=(count, size, size, channels)).astype(np.float32)


def smooth(count=64, size=16):
    """A bright spot in the middle of each."""
    y, x = np.meshgrid(*[np.arange(size) - (size - 1) / 2] * 2, indexing="ij")
    return np.broadcast_to(np.exp(-(x**2 + y**2) / 8)[..., None], (count, size, size, 1)).astype(np.float32)


def test_without_any_change_pictures_stay():
    assert_close(NONE(pictures(), POSITIONS, 0), pictures(), atol=1e-6)


def test_changes_depend_on_the_position_and_the_seed_alone():
    everything = Augmentation(recolour=True)
    together = everything(pictures(), POSITIONS, 3).numpy()
    apart = [everything(pictures()[i : i + 1], POSITIONS[i : i + 1], 3).numpy() for i in range(64)]
    assert_close(together, np.concatenate(apart), atol=1e-5)
    assert not np.allclose(together, everything(pictures(), POSITIONS, 4))
    assert not np.allclose(together, everything(pictures(), POSITIONS + 64, 3))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_stay_in_their_range(channels):
    strong = Augmentation(0.5, 90.0, 2.0, 2.0, 0.5, recolour=True)
    x = np.round(pictures(channels=channels))
    changed = strong(x, POSITIONS, 0).numpy()
    assert changed.shape == x.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert np.isfinite(changed).all()


def test_a_shift_moves_the_picture_as_scipy_does():
    x = smooth()
    moved = dataclasses.replace(NONE, shift=0.25)(x, POSITIONS, 0).numpy()
    centres = np.array([scipy.ndimage.center_of_mass(picture[..., 0]) for picture in moved]) - 7.5
    assert np.abs(centres).max() <= 4
    assert np.ptp(centres, axis=0).min() > 5
    for before, after, centre in zip(x, moved, centres, strict=True):
        expected = scipy.ndimage.shift(before[..., 0], centre, order=1, mode="nearest")
        np.testing.assert_allclose(after[..., 0], expected, atol=0.06)


def test_scale_changes_the_size_and_turn_keeps_it():
    def areas(augmentation):
        return augmentation(smooth(), POSITIONS, 0).numpy().sum(axis=(1, 2, 3)) / smooth()[0].sum()

    scaled = areas(dataclasses.replace(NONE, scale=1.5))
    assert 1 / 1.5**2 <= scaled.min() < 0.6
    assert 1.7 < scaled.max() <= 1.5**2
    np.testing.assert_allclose(areas(dataclasses.replace(NONE, turn=180.0)), 1, atol=0.02)


def test_new_colours_keep_the_distance_of_two_colours_and_cover_all():
    x = np.zeros((64, 8, 8, 3), np.float32)
    x[:, :4], x[:, 4:] = [0.1, 0.6, 0.8], [0.3, 0.9, 0.2]
    changed = dataclasses.replace(NONE, recolour=True)(x, POSITIONS, 0).numpy()
    distances = np.linalg.norm(changed[:, 0, 0] - changed[:, 7, 0], axis=-1)
    assert_close(distances, np.linalg.norm(x[0, 0, 0] - x[0, 7, 0]), atol=1e-5)
    # 6 orders of the channels and 8 inversions, of which 64 draws show most.
    assert len({tuple(colour) for colour in changed[:, 0, 0].round(2)}) > 25


def test_copies_follow_the_pictures_themselves():
    data = coloured_shapes(2, 0, image_size=16)
    copies = augmented_copies(data, Augmentation(), 2, 0)
    np.testing.assert_array_equal(copies.content[:6], data.content)
    np.testing.assert_array_equal(copies.labels, np.tile(data.labels, 3))
    assert not np.array_equal(copies.content[6:12], copies.content[12:])


def test_classes_are_told_by_colour_only_where_they_have_colours_of_their_own():
    shapes = coloured_shapes(60, 0, image_size=16)
    assert not classes_differ_in_colour(shapes)
    tinted = shapes.content.copy()
    tinted[shapes.labels == 0, ..., 0] = 255
    assert classes_differ_in_colour(labelled_images(tinted, shapes.labels, shapes.class_names))
