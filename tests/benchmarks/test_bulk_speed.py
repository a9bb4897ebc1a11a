"""The benchmark of bulk work on a tiny translator; what it measures is no test's business."""

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

from latent_xlate.benchmarks import bulk_speed
from tests.support import tiny


@pytest.mark.slow
def test_files_and_arrays_are_measured(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bulk_speed, "BATCH_SIZES", (8, 16))
    monkeypatch.setattr(bulk_speed, "DISTINCT", 16)
    monkeypatch.setattr(bulk_speed, "PER_FILE", 30)
    results = bulk_speed.benchmark(tiny.translator().save(tmp_path), "digits", "clothes", 100, 0.01)
    table = capsys.readouterr().out
    assert set(results) == {"files", "arrays"}
    for name, result in results.items():
        assert f"| {name} |" in table
        assert result["instances"] == 100
        assert result["batch_size"] in (8, 16)
        assert result["share"] == pytest.approx(result["bulk"] / result["loop"])
        assert result["processor_share"] == pytest.approx(result["loop_processor"] / result["bulk_processor"])
        assert result["bulk"] == pytest.approx(100 / result["seconds"])
        assert 0 < min(result["memory"]) <= max(result["memory"])
        assert len(result["memory"]) <= 4
