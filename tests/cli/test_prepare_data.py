"""The command as a process of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from latent_xlate.data import images, stored
from latent_xlate.data.synthetic import digits_like
from tests.support import raw


def command(*flags):
    return [sys.executable, "-m", "latent_xlate.cli.prepare_data", *flags]


@pytest.mark.long
def test_killed_run_leaves_nothing_that_looks_complete_and_can_be_repeated(tmp_path):
    splits = {"train": digits_like(6000, image_size=14), "test": digits_like(100, image_size=14)}
    raw.write_idx_folder(tmp_path / "raw", splits)
    data_dir = tmp_path / "data"
    flags = ["--dataset=shapes", "--source=auto", f"--raw_dir={tmp_path / 'raw'}", f"--data_dir={data_dir}"]

    with subprocess.Popen(command(*flags), stderr=subprocess.DEVNULL) as running:
        while not any(data_dir.glob("shapes/incomplete.*/*")):
            assert running.poll() is None, "It ended before it could be killed."
            time.sleep(0.001)
        os.kill(running.pid, signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert any((data_dir / "shapes").iterdir())
    assert stored.prepared_datasets(data_dir) == []

    done = subprocess.run(command(*flags), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Not prepared: There is no {data_dir / 'shapes'}.",
        f"Took local: shapes is in {data_dir / 'shapes'}",
    ]
    assert [path.name for path in (data_dir / "shapes").iterdir()] == ["1.0.0"]
    for split, data in splits.items():
        assert raw.same_content(images.read_split("shapes", split, data_dir), data)


def test_error_is_one_sentence_and_an_exit_code(tmp_path):
    flags = ["--dataset=shapes", "--source=local", f"--raw_dir={tmp_path}", f"--data_dir={tmp_path / 'data'}"]
    failed = subprocess.run(command(*flags), capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.splitlines()[-1].startswith(f"Error: {tmp_path} has no class folders: expected")
    assert "Traceback" not in failed.stderr
