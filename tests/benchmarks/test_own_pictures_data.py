import numpy as np
import pytest
from PIL import Image

from latent_xlate.benchmarks.own_pictures_data import (
    HELD_OUT_FONTS,
    MIN_CONTRAST,
    coloured_letters,
    coloured_shapes,
    write_folder,
)


@pytest.mark.parametrize("draw", [coloured_shapes, coloured_letters])
def test_pictures_follow_from_the_seed_and_have_two_colours_each(draw):
    first, again, other = draw(4, 0), draw(4, 0), draw(4, 1)
    np.testing.assert_array_equal(first.content, again.content)
    assert not np.array_equal(first.content, other.content)
    assert first.content.shape == (12, 64, 64, 3)
    assert np.bincount(first.labels).tolist() == [4, 4, 4]
    for x in first.floats:
        # The ground is at the corners, as figures reach at most one of them.
        ground = np.median(x[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
        distance = np.linalg.norm(x - ground, axis=-1)
        assert distance.max() > 0.9 * MIN_CONTRAST * np.sqrt(3)
        assert 0.03 < (distance > 0.1).mean() < 0.7


def test_letters_of_held_out_fonts_are_others():
    assert not np.array_equal(coloured_letters(4, 0).content, coloured_letters(4, 0, fonts=HELD_OUT_FONTS).content)


def test_a_folder_holds_the_pictures_by_class(tmp_path):
    data = coloured_shapes(3, 0, image_size=16)
    write_folder(data, tmp_path / "shapes")
    assert len(list((tmp_path / "shapes").glob("*/*.png"))) == 9
    for label, name in enumerate(data.class_names):
        pixels = [np.asarray(Image.open(tmp_path / "shapes" / name / f"{i:04}.png")) for i in range(3)]
        np.testing.assert_array_equal(pixels, data.content[data.labels == label])
