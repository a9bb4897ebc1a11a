"""Calls in processes of their own; the functions here are found there by their names."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from latent_xlate.processes import call_side_by_side

ROOT = Path(__file__).parent.parent


def square(number):
    print("What is printed is no answer.")
    return os.getpid(), number**2, tf.config.threading.get_intra_op_parallelism_threads()


def meet(folder, name, other):
    """Waits until both calls have begun."""
    (folder / name).touch()
    deadline = time.monotonic() + 60
    while not (folder / other).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(other)
        time.sleep(0.01)
    return name


def fail(folder, error):
    if error:
        meet(folder, "fails", "waits")
        raise error
    (folder / "pid").write_text(str(os.getpid()))
    meet(folder, "waits", "nobody")


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_the_end(folder):
    """Notes its end where that takes a while, as a training does."""

    def note(number, frame):
        time.sleep(0.5)
        (folder / f"{os.getpid()}.ended").write_text(signal.Signals(number).name)
        sys.exit(143)

    signal.signal(signal.SIGTERM, note)
    (folder / f"{os.getpid()}.begun").touch()
    time.sleep(600)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def eventually(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.long
def test_results_come_in_the_order_of_the_arguments_each_from_a_process_with_its_share_of_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    results = call_side_by_side(square, [(3,), (-2,)], "ab")
    assert [result[1:] for result in results] == [(9, 2), (4, 2)]
    assert len({os.getpid(), *(result[0] for result in results)}) == 3


@pytest.mark.long
def test_calls_run_at_once_and_no_more_than_there_are_cores(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    (tmp_path / "a").touch()
    calls = [(tmp_path, "b", "c"), (tmp_path, "c", "b"), (tmp_path, "d", "a")]
    assert call_side_by_side(meet, calls, "bcd") == ["b", "c", "d"]


@pytest.mark.long
def test_error_of_one_is_raised_and_ends_the_others(tmp_path):
    with pytest.raises(ValueError, match="No such class.") as raised:
        call_side_by_side(fail, [(tmp_path, None), (tmp_path, ValueError("No such class."))], "ab")
    assert "in fail" in raised.value.__notes__[0]
    eventually(lambda: not is_alive(int((tmp_path / "pid").read_text())))


@pytest.mark.long
def test_files_in_the_current_folder_are_not_imported(monkeypatch, tmp_path):
    (tmp_path / "random.py").write_text("raise SystemExit('Imported.')")
    monkeypatch.chdir(tmp_path)
    assert call_side_by_side(max, [(1, 2)], "a") == [2]


def test_killed_process_is_an_error():
    with pytest.raises(ChildProcessError, match="The process of domain a was killed, perhaps .*again.$"):
        call_side_by_side(killed, [()], ["domain a"])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.long
def test_signal_to_the_parent_ends_all(sent, tmp_path):
    program = (
        "import pathlib, signal, sys; from tests.test_processes import *;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        f"folder = pathlib.Path({str(tmp_path)!r}); call_side_by_side(wait_for_the_end, [(folder,)], ['a'])"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    eventually(lambda: len(list(tmp_path.glob("*.begun"))) == 1)
    parent.send_signal(sent)
    _, errors = parent.communicate()
    pids = [int(path.stem) for path in tmp_path.glob("*.begun")]
    if sent == signal.SIGKILL:
        eventually(lambda: not any(map(is_alive, pids)))
        return
    # It has waited for them to put their work in order.
    assert [path.read_text() for path in tmp_path.glob("*.ended")] == ["SIGTERM"]
    assert (parent.returncode, "KeyboardInterrupt" in errors) == ((-2, True) if sent == signal.SIGINT else (143, False))
