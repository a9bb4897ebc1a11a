"""Tables in Markdown and the cells of numbers."""

from latent_xlate.tables import markdown, mean_and_deviation, number, plus_minus, statistics


def test_numbers_in_cells():
    assert mean_and_deviation([0.5, 0.7], 2) == "0.60 ± 0.14"
    assert mean_and_deviation([0.25]) == "0.2500"
    assert mean_and_deviation([]) == mean_and_deviation([0.5, None]) == number(None) == "–"
    assert [number(value) for value in (0.08, 0.1, 0.989)] == ["0.08", "0.10", "0.989"]
    assert plus_minus(*statistics([1.0, 2.0, 6.0]), digits=1) == "3.0 ± 2.6"
    assert plus_minus(*statistics([3.0]), digits=1) == "3.0"


def test_tables():
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert markdown(["", "b"], [["1", ""]], compact=True) == "| | b |\n|---|---|\n| 1 |  |"
    assert markdown(["", "b"], []) == "|  | b |\n| --- | --- |"
