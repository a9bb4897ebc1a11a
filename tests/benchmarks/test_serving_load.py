"""The benchmark of a server on a tiny export; what it measures is no test's business."""

import shutil

import pytest

from latent_xlate.benchmarks import serving_load
from latent_xlate.serving import bundle


@pytest.mark.slow
def test_every_signature_is_measured(served_base, tmp_path, capsys):
    shutil.copytree(served_base, tmp_path, dirs_exist_ok=True)
    results = serving_load.benchmark(tmp_path / "translator", 0.01)
    assert {"serving_default", "digits_to_clothes_latents_sampled"} < set(results)
    table = capsys.readouterr().out
    assert all(f"| {name} |" in table for name in results)
    for result in results.values():
        assert set(result) == {"loop", "served", "one_by_one", "lift"}
        assert set(result["served"]) == set(serving_load.CLIENTS)
        for figures in (*result["served"].values(), result["one_by_one"]):
            assert figures["rate"] > 0
            assert 0 < figures["p50"] <= figures["p95"] <= figures["p99"]
        assert result["lift"] == pytest.approx(result["served"][64]["rate"] / result["one_by_one"]["rate"])


def test_export_without_requests_is_refused(served_base, tmp_path):
    shutil.copytree(served_base / "translator", tmp_path / "translator")
    (tmp_path / "translator" / "1" / bundle.WARMUP_FILE).unlink()
    for folder in (tmp_path / "translator", tmp_path):
        with pytest.raises(ValueError, match="no version of an export with requests"):
            serving_load.benchmark(folder, 1)
