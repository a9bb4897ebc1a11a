import copy

import pytest

from latent_xlate.evaluation import individual_table, report
from tests.evaluation.test_report import RUN
from tests.support.paths import ROOT


def number(value, half=0.02, classes=10):
    return {"value": value, "interval": [value - half, value + half], "classes": classes}


ROWS = {
    "transfers": {
        "mnist_to_fashion_mnist": {"diversity": number(0.4), "class_kid": number(7.0), "trustworthiness": number(0.8)},
        "fashion_mnist_to_mnist": {"trustworthiness": number(0.75, classes=6)},
    },
    "reconstructions": {"mnist": {"trustworthiness": number(0.9)}, "fashion_mnist": {}},
    "decoded": {"fashion_mnist": {"diversity": number(0.99), "trustworthiness": number(0.95, classes=8)}},
    "halves": {"fashion_mnist": {"diversity": number(1.0)}},
}


def changed(diversity):
    rows = copy.deepcopy(ROWS)
    rows["transfers"]["mnist_to_fashion_mnist"]["diversity"] = number(diversity)
    return rows


def test_a_single_run_is_shown_with_its_bootstrap_intervals():
    about, empty, *lines = individual_table.table(individual_table.summarise([ROWS])).splitlines()
    assert "± half of the 95 % bootstrap interval" in about
    assert empty == ""
    assert lines == [
        "| Within a class | diversity | class KID | trustworthiness | classes |",
        "|---|---|---|---|---|",
        "| mnist to fashion_mnist | 0.400 ± 0.020 | 7.000 ± 0.020 | 0.800 ± 0.020 | 10 |",
        "| fashion_mnist to mnist | – | – | 0.750 ± 0.020 | 6 |",
        "| mnist through the bridge | – | – | 0.900 ± 0.020 | 10 |",
        "| fashion_mnist, decoded | 0.990 ± 0.020 | – | 0.950 ± 0.020 | 8 to 10 |",
        "| fashion_mnist, halves | 1.000 ± 0.020 | – | – | 10 |",
    ]


def test_several_runs_are_shown_with_their_standard_deviation():
    summary = individual_table.summarise([changed(0.3), changed(0.5)])
    scores = summary["transfers"]["mnist_to_fashion_mnist"]["diversity"]
    assert scores == pytest.approx({"mean": 0.4, "std": 0.02**0.5, "classes": 10})
    text = individual_table.table(summary)
    assert "± standard deviation" in text
    assert "| mnist to fashion_mnist | 0.400 ± 0.141 | 7.000 ± 0.000 |" in text


def test_a_number_that_one_run_lacks_has_no_mean():
    without = copy.deepcopy(ROWS)
    del without["transfers"]["mnist_to_fashion_mnist"]["diversity"]
    row = individual_table.summarise([ROWS, without])["transfers"]["mnist_to_fashion_mnist"]
    assert row.keys() == {"class_kid", "trustworthiness"}


def test_nothing_measured_is_said_to_be_so():
    empty = {"transfers": {"a_to_b": {}}, "reconstructions": {"a": {}, "b": {}}, "decoded": {}, "halves": {}}
    text = individual_table.table(individual_table.summarise([empty]))
    assert "cannot be said: no class has enough instances, of which it takes 21." in text
    assert "|" not in text
    assert individual_table.meanings(individual_table.summarise([empty])) == {}


def test_report_has_it_as_a_third_table_with_the_meaning_of_each_column():
    summary = report.summarise([RUN | {"individual": ROWS}])
    plain = report.table(report.summarise([RUN]))
    text = report.table(summary)
    assert text.startswith(plain)
    assert text == plain + "\n" + individual_table.table(summary["individual"]) + "\n"
    meanings = report.meanings(summary)
    assert {"diversity", "class KID", "trustworthiness"} <= meanings.keys()
    assert "coverage" not in meanings
    assert all(meaning.endswith(".") for meaning in meanings.values())


def test_runs_of_earlier_versions_are_summarised_without():
    summary = report.summarise([RUN, RUN | {"individual": ROWS}])
    assert "individual" not in summary
    assert "Within a class" not in report.table(summary)


def test_the_page_of_the_documentation_explains_each_column():
    keys = ["diversity", "kept_diversity", "density", "coverage", "class_kid", "trustworthiness", "rank_correlation"]
    keys += ["cycle_accuracy", "cycle_distance", "sample_diversity"]
    rows = {"transfers": {"a_to_b": {key: number(0.5) for key in keys}}}
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    headings = individual_table.meanings(individual_table.summarise([rows]))
    assert len(headings) == len(keys)
    for heading in headings:
        assert f"\n| {heading} | " in page
