"""The benchmark of exports on few domains; what it measures is no test's business."""

import pytest

from latent_xlate.benchmarks import export_growth


@pytest.mark.slow
def test_each_export_is_measured(capsys):
    results = export_growth.benchmark((1, 2), (export_growth.SMALL,))
    assert [result["signatures"] for result in results] == [7, 25]
    for key in ("functions", "nodes", "bytes", "export_seconds", "load_seconds", "warm_up_seconds", "session_seconds"):
        assert results[1][key] > 0
    assert results[1]["functions"] > results[0]["functions"]
    assert "| 2 small | 25 |" in capsys.readouterr().out


def test_shipped_domains_are_repeated_under_other_names():
    translator = export_growth.make_translator(export_growth.SHIPPED, 4)
    assert translator.names == ["mnist_0", "fashion_mnist_1", "spoken_digit_2", "mnist_3"]
