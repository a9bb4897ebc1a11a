"""Pictures with damaged headers are read or refused; none ends the process, hangs it, or takes all of its memory."""

import json
import os
import subprocess
import sys

import pytest

from latent_xlate import checks
from latent_xlate.modalities.picture_limits import MAX_PIXELS
from tests.support.paths import ROOT

SENTENCES = {
    "read",
    checks.BAD_PICTURE.rstrip("."),
    f"The picture has more than {MAX_PIXELS} pixels: scale it down",
    "The BMP is compressed: save it as PNG",
}


def fuzz(kind: str, count: int, seconds: float) -> dict:
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzzed_pictures", kind, str(count), "0"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    report = json.loads(result.stdout.splitlines()[-1])
    print(kind, report)
    assert set(report["said"]) <= SENTENCES
    assert sum(report["said"].values()) == count
    assert report["slowest_seconds"] < 20 and report["peak_gigabytes"] < 4
    return report["said"]


@pytest.mark.long
def test_a_header_of_every_kind_of_file():
    said = fuzz("", 200, 120)
    assert said["read"] > 10 and said[checks.BAD_PICTURE.rstrip(".")] > 10


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp"])
def test_ten_thousand_headers(kind):
    said = fuzz(kind, 10_000, 3600)
    assert min(said["read"], said[checks.BAD_PICTURE.rstrip(".")]) > 100
