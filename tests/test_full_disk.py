"""Disks that are full or read-only: one sentence, nothing half-written, and the run goes on once there is room."""

import errno
import json
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from latent_xlate import files
from tests import test_training
from tests.support import command_cases, disks
from tests.support.paths import ROOT

pytest_plugins = ["tests.support.command_fixtures"]

SHARES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the room that a command needs, how much there is."""

WAY_OUT = "No space left on device. Free some space, then run the same command again.\n"


@pytest.fixture
def disk(tmp_path):
    with disks.small(tmp_path / "disk") as folder:
        yield folder


# ---- One file or folder -----------------------------------------------------------------------


@pytest.mark.parametrize("free", [0, 8 * disks.PAGE])
def test_file_that_a_disk_has_no_room_for_is_named_and_the_old_one_stays(free, disk):
    files.write_json(disk / "a.json", "old")
    disks.leave(disk, free)
    noise = np.random.default_rng(0).random(100_000)
    for write, name, content in (
        (files.write_json, "a.json", noise.tolist()),
        (files.write_npz, "a.npz", {"x": noise}),
    ):
        with pytest.raises(OSError, match="No space left") as error:
            write(disk / name, content)
        assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(disk / name))
    assert sorted(path.name for path in disk.iterdir()) == ["a.json", "ballast"]
    assert json.loads((disk / "a.json").read_text()) == "old"


def test_read_only_disk_is_refused_before_anything_is_done(disk):
    disks.make_read_only(disk, True)
    with pytest.raises(ValueError, match=f"{disk} is read-only"):
        files.output_folder(disk / "run")
    with pytest.raises(OSError, match="Read-only file system"):
        files.write_json(disk / "a.json", [])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
@pytest.mark.parametrize(
    "report",
    [
        lambda number: OSError(number, os.strerror(number)),
        lambda number: OSError(f"Can't write data (errno = {number}, error message = '{os.strerror(number)}')"),
        lambda number: RuntimeError(f"{{{{node Save}}}} part; {os.strerror(number)}"),
    ],
    ids=["Python", "HDF5", "TensorFlow"],
)
def test_error_of_the_disk_names_the_file_whatever_library_reports_it(report, number, tmp_path):
    def write(path):
        raise report(number)

    with pytest.raises(OSError, match=os.strerror(number)) as error:
        files.write_atomically(tmp_path / "a.keras", write)
    assert (error.value.errno, error.value.filename) == (number, str(tmp_path / "a.keras"))


def test_error_of_a_file_elsewhere_names_that_file(tmp_path):
    def write(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/keras")

    with pytest.raises(OSError, match="/tmp/keras"):
        files.write_atomically(tmp_path / "a.keras", write)


# ---- Training ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pages", "size", "folder"), [(0, 3, "events"), (2, 3, "checkpoints"), (300, 1_000_000, "checkpoints")]
)
def test_training_on_a_full_disk_names_the_folder_and_goes_on_once_there_is_room(pages, size, folder, disk):
    def fill(step, logs):
        disks.leave(disk, pages * disks.PAGE)
        return {f"metric_{number}": float(step) for number in range(200 if folder == "events" else 1)}

    unbroken, expected, _ = test_training.run(num_steps=12, size=size)
    test_training.run(num_steps=3, workdir=disk / "run", size=size)
    with pytest.raises(OSError, match="No space left") as error:
        test_training.run(num_steps=12, workdir=disk / "run", size=size, on_log=fill)
    assert error.value.filename == str(disk / "run" / folder)
    assert [path.name for path in (disk / "run").rglob("*temp*")] == []
    (disk / "ballast").unlink()
    total, logs, _ = test_training.run(num_steps=12, workdir=disk / "run", size=size)
    assert logs == expected[1:]
    np.testing.assert_array_equal(total, unbroken)


# ---- What a command prints --------------------------------------------------------------------


PRINTS = """
import sys, time
from latent_xlate.cli import _app

def main(argv):
    time.sleep(0.2)
    print("Training", file=sys.stderr)
    print("Wrote it")

_app.run(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "status", "error"),
    [
        ("{command} > /dev/full", 1, f"Training\nError: Standard output: {WAY_OUT}"),
        ("{command} > /dev/full 2>&1", 1, ""),
        ("set -o pipefail; {command} | true", 141, "Training\n"),
        ("set -o pipefail; {command} 2>&1 | true", 141, ""),
    ],
)
def test_output_that_cannot_be_written_gives_no_trace(shell, status, error, tmp_path):
    (tmp_path / "program.py").write_text(PRINTS)
    command = f"{sys.executable} {tmp_path / 'program.py'}"
    done = subprocess.run(
        ["bash", "-c", shell.format(command=command)], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (status, error)


# ---- Commands ---------------------------------------------------------------------------------


def check_whole(output):
    """Every file under a final name is whole, and there is none under a temporary one."""
    for path in output.rglob("*"):
        assert not path.name.startswith("."), path
        assert "tempstate" not in path.name, path
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix in (".keras", ".npz"):
            assert zipfile.ZipFile(path).testzip() is None


@pytest.mark.slow
@pytest.mark.parametrize("name", command_cases.CASES)
def test_command_that_runs_out_of_room_says_so_and_goes_on_once_there_is_room(name, inputs, forked, disk):
    output = disk / "run" / "output"  # The same for all, since some files contain it.
    command = command_cases.CASES[name].command(inputs, output)
    before = shutil.disk_usage(disk).used
    ended = forked.run(*command)
    assert ended.status == 0, ended.stderr
    expected, size = command_cases.contents(output), shutil.disk_usage(disk).used - before
    shutil.rmtree(output.parent)

    failures = 0
    for share in SHARES:
        shutil.rmtree(output.parent, ignore_errors=True)
        disks.leave(disk, int(share * size))
        ended = forked.run(*command)
        if ended.status == 0:
            continue
        failures += 1
        (sentence,) = (line for line in ended.stderr.splitlines() if "Error" in line)
        print(f"{name}, {share:.0%} of {size} bytes: {sentence}")
        assert ended.status == 1
        assert sentence.startswith("Error: ")
        assert str(disk) in sentence
        assert "no space left" in sentence.lower()
        assert "same command again" in sentence
        assert "Traceback" not in ended.stderr
        assert "Exception ignored" not in ended.stderr
        assert "std::" not in ended.stderr
        check_whole(output.parent)
        (disk / "ballast").unlink()
        ended = forked.run(*command)
        assert ended.status == 0, ended.stderr
        found = command_cases.contents(output)
        assert sorted(found) == sorted(expected)
        assert [each for each in found if found[each] != expected[each]] == []
    assert failures > 1
