import copy

import pytest

from latent_xlate.evaluation import report

RUN = {
    "model": "BridgingVAE",
    "protocol": "held_out",
    "seeds": {"training": 0, "evaluation": 0},
    "instances": {"mnist": 2000, "fashion_mnist": 1000},
    "domains": {
        "mnist": {"fid_reference": "decoded", "fid_floor": 0.5, "bridge_reconstruction": 0.99},
        "fashion_mnist": {},
    },
    "transfers": {
        "fashion_mnist_to_mnist": {
            "source": "fashion_mnist",
            "target": "mnist",
            "label_accuracy": 0.9,
            "fid": 2.0,
        },
        "mnist_to_mnist_b": {"source": "mnist", "target": "mnist_b", "accuracy": 0.98, "confusion": [[1]]},
    },
}


def changed(transfer="fashion_mnist_to_mnist", **numbers):
    run = copy.deepcopy(RUN)
    run["transfers"][transfer] |= numbers
    return run


def test_mean_and_sample_standard_deviation():
    runs = [changed(fid=1.0), changed(fid=2.0), changed(fid=6.0)]
    summary = report.summarise(runs)
    scores = summary["transfers"]["fashion_mnist_to_mnist"]
    assert scores["fid"] == pytest.approx({"mean": 3.0, "std": 7.0**0.5})
    assert scores["label_accuracy"] == pytest.approx({"mean": 0.9, "std": 0.0})
    assert scores["source"] == "fashion_mnist"
    assert summary["domains"]["mnist"]["fid_reference"] == "decoded"
    assert summary["num_runs"] == 3


def test_one_run_has_no_spread():
    summary = report.summarise([RUN])
    assert summary["transfers"]["fashion_mnist_to_mnist"]["fid"] == {"mean": 2.0, "std": None}
    assert "±" not in report.table(summary)


def test_confusions_are_left_out():
    assert "confusion" not in report.summarise([RUN, RUN])["transfers"]["mnist_to_mnist_b"]


@pytest.mark.parametrize(
    "other",
    [
        RUN | {"model": "Pix2Pix"},
        RUN | {"protocol": "reference"},
        RUN | {"temperature": 0.7},
        RUN | {"labels_seen": {"labels_per_class": 10, "label_file": None}},
        RUN | {"instances": {"mnist": 1000, "fashion_mnist": 1000}},
        RUN | {"domains": {"mnist": RUN["domains"]["mnist"]}},
        RUN | {"domains": RUN["domains"] | {"mnist": RUN["domains"]["mnist"] | {"fid_reference": "data"}}},
        changed(accuracy=0.9),
    ],
    ids=["model", "protocol", "temperature", "labels", "instances", "domains", "reference of FID", "numbers"],
)
def test_runs_that_do_not_compare_are_refused(other):
    with pytest.raises(ValueError, match="no common mean"):
        report.summarise([RUN, other])


def test_no_runs_are_refused():
    with pytest.raises(ValueError, match="no runs"):
        report.summarise([])


def test_table_sets_numbers_beside_the_papers():
    lines = report.table(report.summarise([changed(fid=1.0), changed(fid=3.0)])).splitlines()
    assert lines == [
        "BridgingVAE, protocol held_out, 2 runs (mean ± standard deviation); "
        "instances: 2,000 of mnist, 1,000 of fashion_mnist.",
        "",
        "| Transfer | accuracy, paper | accuracy | label accuracy | FID |",
        "|---|---|---|---|---|",
        "| fashion_mnist to mnist | 0.89 | – | 0.9000 ± 0.0000 | 2.0000 ± 1.4142 |",
        "| mnist to mnist_b | 0.98 | 0.9800 ± 0.0000 | – | – |",
        "",
        "| Domain | bridge reconstruction, paper | bridge reconstruction | FID floor | FID reference |",
        "|---|---|---|---|---|",
        "| mnist | 0.989 | 0.9900 ± 0.0000 | 0.5000 ± 0.0000 | decoded |",
    ]


def test_table_of_other_domains_has_no_column_of_the_paper():
    run = RUN | {
        "domains": {"digits": RUN["domains"]["mnist"]},
        "transfers": {"digits_to_clothes": {"source": "digits", "target": "clothes", "accuracy": 0.5}},
    }
    text = report.table(report.summarise([run]))
    assert "paper" not in text
    assert "| digits to clothes | 0.5000 |" in text


def test_baseline_is_set_beside_the_papers_baseline():
    text = report.table(report.summarise([RUN | {"model": "Pix2Pix"}]))
    assert "| fashion_mnist to mnist | 0.08 |" in text
    assert "reconstruction, paper" not in text


def test_every_column_of_the_table_has_a_meaning_and_no_other():
    summary = report.summarise([RUN])
    headings = ["accuracy", "label accuracy", "FID", "bridge reconstruction", "FID floor", "FID reference"]
    assert sorted(report.meanings(summary)) == sorted(headings)
    for heading, meaning in report.meanings(summary).items():
        assert f"| {heading} |" in report.table(summary)
        assert meaning.endswith(".")
