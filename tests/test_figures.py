import time

import numpy as np
import pytest
from matplotlib.image import imread

from latent_xlate import figures


def pixels(path):
    return imread(path)[..., :3]


def share_of(image, colour):
    return np.all(np.abs(image - np.array(colour)) < 0.05, axis=-1).mean()


def test_grid_shows_the_rows_colours(tmp_path):
    red = np.zeros((5, 8, 8, 3))
    red[..., 0] = 1
    grey = np.full((5, 8, 8, 1), 0.5)
    image = pixels(figures.image_grid(tmp_path / "grid.png", [red, grey], ["source", "target"]))
    rows = [np.flatnonzero((np.abs(image - colour) < 0.05).all(-1).any(1)) for colour in ([1, 0, 0], [0.5, 0.5, 0.5])]
    assert share_of(image, [1, 0, 0]) > 0.2
    assert share_of(image, [0.5, 0.5, 0.5]) > 0.2
    assert rows[0].mean() < rows[1].mean()


def test_grid_frames_the_columns_asked_for(tmp_path):
    grey = np.full((4, 8, 8, 1), 0.5)
    image = pixels(figures.image_grid(tmp_path / "grid.png", [grey, grey], ["source", "target"], framed=[0, 2]))
    is_red = (np.abs(image - np.array([1.0, 0.0, 0.0])) < 0.1).all(-1)
    columns = np.flatnonzero(is_red.mean(0) > 0.5)
    sides = [group.mean() for group in np.split(columns, np.flatnonzero(np.diff(columns) > 3) + 1)]
    # Left and right of the first and of the third image, in widths of an image.
    places = 3 * (np.array(sides) - sides[0]) / (sides[-1] - sides[0])
    np.testing.assert_allclose(places, [0, 1, 2, 3], atol=0.15)


@pytest.mark.parametrize(
    ("rows", "captions"), [([np.zeros((2, 4, 4, 1))], []), ([np.zeros((2, 4, 4, 1)), np.zeros((3, 4, 4, 1))], ["", ""])]
)
def test_grid_that_does_not_fit_is_refused_and_nothing_written(tmp_path, rows, captions):
    with pytest.raises(ValueError, match="a caption a row and rows of one length"):
        figures.image_grid(tmp_path / "grid.png", rows, captions)
    assert list(tmp_path.iterdir()) == []


def test_confusion_is_coloured_by_the_rows_share(tmp_path):
    # A diagonal matrix and the same with other counts have the same colours; another's differ.
    def squares(counts):
        path = figures.confusion_figure(tmp_path / "confusion.png", np.array(counts), "mnist", "fashion_mnist")
        return share_of(pixels(path), [0.0, 0.135, 0.305])  # The colour map's darkest, of share 0.

    assert squares([[10, 0], [0, 90]]) == pytest.approx(squares([[90, 0], [0, 10]]), rel=0.05)
    assert squares([[10, 0], [0, 90]]) > 5 * squares([[50, 50], [50, 50]])


def test_classes_name_the_ticks(tmp_path):
    plain, named = (
        pixels(figures.confusion_figure(tmp_path / f"{len(names)}.png", np.eye(2, dtype=int), "a", "b", names, names))
        for names in ([], ["ankle boot", "shirt"])
    )
    assert plain.shape != named.shape or not np.array_equal(plain, named)


def test_names_in_any_script_or_like_formulas_are_drawn_without_a_warning(tmp_path, recwarn):
    plain = figures.count_matrix(tmp_path / "plain.png", np.eye(4, dtype=int), "", "", "", ["a", "b", "2", "3"])
    names = [["a", "b", "犬", "猫 😀"], ["a", r"$\frac$", "قط أسود", "a $x$ b"]]
    drawn, other = (
        figures.count_matrix(tmp_path / f"{len(each[1])}.png", np.eye(4, dtype=int), "", "", "", each) for each in names
    )
    np.testing.assert_array_equal(imread(plain), imread(drawn))
    assert other.is_file()
    assert not recwarn.list


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_same_figure_is_the_same_file_whenever_it_is_written(ending, tmp_path):
    curve = {"ours": [[0.1, 0.2], [0.9, 0.8]]}
    first = figures.write(figures.accuracy_curve(["1", "10"], curve, "labels"), tmp_path / f"first.{ending}")
    time.sleep(1.1)  # Dates in files are of seconds.
    second = figures.write(figures.accuracy_curve(["1", "10"], curve, "labels"), tmp_path / f"second.{ending}")
    assert first.read_bytes() == second.read_bytes()
    curve["ours"][1][0] = 0.7
    other = figures.write(figures.accuracy_curve(["1", "10"], curve, "labels"), tmp_path / f"other.{ending}")
    assert other.read_bytes() != second.read_bytes()
