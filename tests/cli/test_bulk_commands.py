"""`translate_dataset` and `encode_dataset` as a user runs them."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

from latent_xlate.bulk.datasets import translate_dataset
from latent_xlate.bulk.pipeline import beam_options
from tests.support import bulk, tiny
from tests.support.paths import ROOT


def start(name, **flags):
    command = [
        sys.executable,
        str(ROOT / "bin" / f"{name}.py"),
        *(f"--{flag}={value}" for flag, value in flags.items()),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
def test_command_that_is_killed_at_a_random_moment_goes_on_where_it_was(tmp_path):
    translator = tiny.translator().save(tmp_path / "translator")
    pictures = bulk.pictures(40)
    for shard in range(3):
        records = [bulk.example(data_bytes=each) for each in [*pictures, b"bad"]]
        bulk.write_records(tmp_path / "in" / f"{shard}.tfrecord", records)
    flags = {
        "translator": translator,
        "source": "digits",
        "target": "clothes",
        "part_size": 2,
        "input": tmp_path / "in" / "*",
    }
    flags |= {"input_format": "tfrecord", "output": tmp_path / "out"}

    def run(output):
        given = (str(flags[name]) for name in ("translator", "source", "target", "input"))
        options = beam_options([])
        return translate_dataset(*given, str(output), options, input_format="tfrecord", part_size=2)

    moment = random.randint(1, 50)
    print(f"Killed when {moment} of 63 parts are done.")
    with start("translate_dataset", **flags) as process:
        while process.poll() is None and len(list((tmp_path / "out" / "parts").glob("*.json"))) < moment:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / "rejected.csv").exists()
    summary = run(tmp_path / "out")
    assert summary.done_before >= moment
    assert summary.read + summary.done_before == 123
    undisturbed = run(tmp_path / "undisturbed")
    assert (undisturbed.read, undisturbed.written, undisturbed.rejected) == (123, 120, 3)
    assert bulk.contents(tmp_path / "out") == bulk.contents(tmp_path / "undisturbed")
    assert len(bulk.read_records(tmp_path / "out")) == 120


@pytest.mark.slow
def test_counters_are_printed_and_unknown_flags_refused(tmp_path):
    domain = tiny.image_domain().save(tmp_path / "digits")
    records = [bulk.example(data_bytes=each) for each in [*bulk.pictures(3), b"bad"]]
    path = bulk.write_records(tmp_path / "a.tfrecord", records)
    flags = {"domain": domain, "input": path, "output": tmp_path / "out"}
    with start("encode_dataset", **flags) as process:
        stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert stdout.startswith(f"Encoded 3 of 4 instances into {tmp_path / 'out'} in ")
    assert stderr.splitlines()[-1] == f"Rejected 1: see {tmp_path / 'out'}/rejected.csv for the reasons."
    for extra, message in {"inptu": "did you mean --input", "direct_running_mode": "choose from"}.items():
        with start("encode_dataset", **flags, **{extra: "3"}) as process:
            _, stderr = process.communicate()
        assert process.returncode != 0
        assert message in stderr
