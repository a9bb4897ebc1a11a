"""What TensorFlow Serving's binary is run with. It cannot be had everywhere: a program of its name takes its place."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from latent_xlate.serving import bundle, native

BINARY = """#!{python}
import json, os, pathlib, signal, sys, time

seen = pathlib.Path({seen!r})
flags = dict(flag[2:].split("=", 1) for flag in sys.argv[1:] if "=" in flag)
configs = []

def note():
    config = flags.get("model_config_file")
    text = pathlib.Path(config).read_text() if config else ""
    if text and text not in configs:
        configs.append(text)
    seen.write_text(json.dumps({{"arguments": sys.argv[1:], "configs": configs}}))

def stop(*_):
    note()
    sys.exit(3)

signal.signal(signal.SIGTERM, stop)
note()
{rest}
"""


@pytest.fixture
def base(tmp_path):
    base = tmp_path / "export"
    (base / "translator" / "1").mkdir(parents=True)
    bundle.write_configuration(base, "translator")
    return base


@pytest.fixture(autouse=True)
def signals_as_they_were():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Serves with a binary that goes on with the given lines, and gives its exit code and what it saw."""

    def run(base, rest):
        folder, seen = tmp_path / "bin", tmp_path / "seen.json"
        folder.mkdir()
        binary = folder / native.BINARY
        binary.write_text(BINARY.format(python=sys.executable, seen=str(seen), rest=rest))
        binary.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        assert native.is_installed()
        code = native.serve("translator", base / "translator", 8500, 8501)
        return code, json.loads(seen.read_text())

    return run


def test_bundle_is_served_as_it_lies_there(base, run):
    code, seen = run(base, "sys.exit(5)")
    assert code == 5
    flags = dict(flag.removeprefix("--").partition("=")[::2] for flag in seen["arguments"])
    assert (flags["port"], flags["rest_api_port"]) == ("8500", "8501")
    assert flags["batching_parameters_file"] == str(base / "batching_parameters.config")
    assert flags["monitoring_config_file"] == str(base / "monitoring.config")
    assert {"enable_batching", "allow_version_labels_for_unavailable_models"} < set(flags)
    assert "model_base_path" not in flags
    (config,) = seen["configs"]
    assert f'base_path: "{base / "translator"}"' in config
    assert 'key: "stable"' in config
    assert not Path(flags["model_config_file"]).exists()  # It was a copy, and is tidied away.


def test_it_follows_labels_and_is_stopped_by_the_signal(base, run):
    rest = f"""
config = pathlib.Path({str(base / bundle.MODELS_CONFIG)!r})
config.write_text(config.read_text().replace('key: "stable"', 'key: "proven"'))
deadline = time.monotonic() + 60
while len(configs) < 2 and time.monotonic() < deadline:
    time.sleep(0.05)
    note()
os.kill(os.getppid(), signal.SIGTERM)
time.sleep(60)
"""
    code, seen = run(base, rest)
    assert code == 3
    first, second = seen["configs"]
    assert second == first.replace('key: "stable"', 'key: "proven"')


def test_versions_alone_are_served_by_name_and_folder(tmp_path, run):
    (tmp_path / "translator" / "1").mkdir(parents=True)
    code, seen = run(tmp_path, "sys.exit(0)")
    assert code == 0
    assert seen["arguments"] == [
        "--port=8500",
        "--rest_api_port=8501",
        "--model_name=translator",
        f"--model_base_path={tmp_path / 'translator'}",
    ]


def test_configuration_without_the_model_is_left_aside(base, run):
    path = base / bundle.MODELS_CONFIG
    path.write_text(path.read_text().replace('name: "translator"', 'name: "other"'))
    _, seen = run(base, "sys.exit(0)")
    assert f"--model_base_path={base / 'translator'}" in seen["arguments"]
    assert seen["configs"] == []
