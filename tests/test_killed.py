"""Commands that SIGKILL ends at random moments, and that are then run again: they end with the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from latent_xlate import files
from tests.support import command_cases
from tests.support.paths import ROOT

pytest_plugins = ["tests.support.command_fixtures"]

KILLS = int(os.environ.get("KILLS", "20"))
"""Number of times that each command is killed."""


# ---- One file or folder -----------------------------------------------------------------------

WRITES = """
import os, signal, sys
from pathlib import Path
from latent_xlate import files

def write(path):
    if kind == "folder":
        path.mkdir()
        path = path / "part"
    path.write_text(text)
    if moment == "writing":
        os.kill(os.getpid(), signal.SIGKILL)

path, kind, text, moment = sys.argv[1:]
if moment == "replacing":
    os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
files.write_atomically(path, write)
"""


def write(path, kind, text, moment):
    return subprocess.run([sys.executable, "-c", WRITES, str(path), kind, text, moment], check=False).returncode


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_left_of_a_killed_write_goes_with_the_next(kind, tmp_path):
    path = tmp_path / "target.txt"
    assert write(path, kind, "old", "never") == 0
    for moment in ("writing", "replacing"):
        assert write(path, kind, "half", moment) == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) > 1 or kind == "file"
    (tmp_path / "1.target.txt").write_text("another's")
    assert write(path, kind, "new", "never") == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["1.target.txt", "target.txt"]
    assert (path / "part" if kind == "folder" else path).read_text() == "new"


def test_what_another_process_is_writing_stays(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        theirs = tmp_path / f".{running.pid}.a.json"
        theirs.write_text("half")
        ours = tmp_path / f".{os.getpid()}.a.json"
        ours.mkdir()  # Of a process that had our number before us.
        files.write_json(tmp_path / "a.json", [1])
        assert sorted(tmp_path.iterdir()) == [theirs, tmp_path / "a.json"]
        running.communicate(b"\n")


# ---- Commands ---------------------------------------------------------------------------------


def paths_under(folder):
    return {os.path.join(root, name) for root, folders, names in os.walk(folder) for name in (*folders, *names)}  # noqa: PTH118


def run_alone(module, arguments, environment):
    """Runs a command in a process of its own, whose addresses and hashes differ from those of all forked ones."""
    subprocess.run([sys.executable, "-m", module, *arguments], env=os.environ | environment, cwd=ROOT, check=True)


def watch(forked, output, seconds=np.inf, changes=np.inf):
    """Kills a command after a time, or when files have appeared or gone a number of times.

    Returns:
        How it ended, the seconds, and the number of times.
    """
    started, seen, times = time.monotonic(), set(), 0
    while not forked.ended(0.001):
        now = paths_under(output)
        times += now != seen
        seen = now
        if time.monotonic() - started >= seconds or times >= changes:
            os.kill(forked.pid, signal.SIGKILL)
            break
    return forked.finish(), time.monotonic() - started, times


@pytest.mark.slow
@pytest.mark.parametrize("name", command_cases.CASES)
def test_command_that_is_killed_again_and_again_ends_with_the_bytes_of_an_undisturbed_one(
    name, inputs, forked, tmp_path
):
    output = tmp_path / "run" / "output"  # The same for all, since some files contain it.
    command = command_cases.CASES[name].command(inputs, output)
    run_alone(*command)
    expected = command_cases.with_one_version(command_cases.contents(output.parent))
    shutil.rmtree(output.parent)
    forked.start(*command)
    ended, duration, changes = watch(forked, output.parent)
    assert ended.status == 0, ended.stderr
    shutil.rmtree(output.parent)

    generator = np.random.default_rng(list(command_cases.CASES).index(name))
    kills, completed = 0, 0
    while True:
        forked.start(*command)
        if kills == KILLS:
            moment = {}
        elif generator.random() < 0.5:
            moment = {"seconds": generator.uniform(0, duration)}
        else:  # Close to a write.
            moment = {"changes": int(generator.integers(1, changes + 1))}
        ended, *_ = watch(forked, output.parent, **moment)
        if ended.status == -signal.SIGKILL:
            kills += 1
            continue
        assert ended.status == 0, ended.stderr
        completed += 1
        found = command_cases.with_one_version(command_cases.contents(output.parent))
        assert sorted(found) == sorted(expected)
        assert [each for each in found if found[each] != expected[each]] == []
        if kills == KILLS:
            break
        shutil.rmtree(output.parent)
    print(f"{name}: {kills} kills, {completed} runs completed, {len(expected)} paths, all bytes equal")
