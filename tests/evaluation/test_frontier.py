import numpy as np
import pytest

from latent_xlate import figures, files
from latent_xlate.evaluation import frontier
from latent_xlate.evaluation.frontier import Point


def write(folder, accuracy, fid, **conditions):
    folder.mkdir()
    scores = {"accuracy": {"mean": accuracy, "std": None}, "fid": {"mean": fid, "std": None}}
    summary = {"transfers": {"a_to_b": scores, "b_to_a": {"fid": scores["fid"]}}, **conditions}
    files.write_json(folder / "metrics.json", {"summary": summary})
    return folder


def test_a_point_is_that_of_the_direction_at_its_temperature(tmp_path):
    assert frontier.read_point(write(tmp_path / "0", 0.9, 12.5), "a", "b") == Point(0.0, 0.9, 12.5)
    assert frontier.read_point(write(tmp_path / "1", 0.8, 3.0, temperature=0.7), "a", "b") == Point(0.7, 0.8, 3.0)


def test_what_was_not_measured_is_refused(tmp_path):
    folder = write(tmp_path / "0", 0.9, 12.5)
    with pytest.raises(ValueError, match="no accuracy and FID from b to a: its summary has a_to_b, b_to_a"):
        frontier.read_point(folder, "b", "a")
    with pytest.raises(ValueError, match="holds no evaluation"):
        frontier.read_point(tmp_path, "a", "b")
    for content in ({"curve": []}, [1]):
        files.write_json(tmp_path / "metrics.json", content)
        with pytest.raises(ValueError, match="its summary has no direction"):
            frontier.read_point(tmp_path, "a", "b")


def test_a_line_goes_through_the_temperatures_of_a_name_in_their_order(tmp_path):
    curves = {
        "bridge": [Point(1.0, 0.8, 3.0), Point(0.0, 0.9, 12.5), Point(0.5, 0.85, 6.0)],
        "affine": [Point(0, 0.5, 200)],
    }
    figure = frontier.draw(curves, "a", "b")
    (axis,) = figure.axes
    bridge, affine = axis.get_lines()
    np.testing.assert_array_equal(bridge.get_xydata(), [(12.5, 0.9), (6.0, 0.85), (3.0, 0.8)])
    np.testing.assert_array_equal(affine.get_xydata(), [(200, 0.5)])
    assert [text.get_text() for text in axis.texts] == ["0", "0.5", "1"]
    first, second = (figures.write(frontier.draw(curves, "a", "b"), tmp_path / name) for name in ("1.svg", "2.svg"))
    assert first.read_bytes() == second.read_bytes()
