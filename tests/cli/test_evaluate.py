import json
import os
import subprocess
import sys

import numpy as np
import pytest

from latent_xlate.domains import pretrained
from latent_xlate.latents.latents import Latents
from tests.support import tiny
from tests.support.paths import ROOT


@pytest.mark.long
def test_writes_metrics_and_table_and_prints_the_table(tmp_path):
    translator = tiny.translator()
    translator.save(tmp_path / "translator")
    for name, domain in translator.domains.items():
        domain.save(tmp_path / "savedmodels" / name)
        mu = np.random.default_rng(0).normal(size=(20, domain.latent_dim)).astype(np.float32)
        labels = np.arange(20, dtype=np.int32) % 10
        Latents(mu, np.zeros_like(mu), labels).save(tmp_path / "savedmodels" / name / "latents_train.npz")
    flags = [
        f"--translator={tmp_path / 'translator'}",
        f"--translator={tmp_path / 'translator'}",
        f"--output={tmp_path / 'out'}",
        "--protocol=reference",
        "--seed=7",
        "--nofigures",
    ]
    result = subprocess.run(
        [sys.executable, "-m", "latent_xlate.cli.evaluate", *flags],
        env=os.environ | {pretrained.SAVEDMODELS: str(tmp_path / "savedmodels")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [run["seeds"]["evaluation"] for run in metrics["runs"]] == [7, 7]
    assert metrics["summary"]["protocol"] == "reference"
    assert (tmp_path / "out" / "table.md").read_text(encoding="utf-8") in result.stdout
    assert not (tmp_path / "out" / "figures").exists()
