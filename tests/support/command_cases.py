"""The commands that write much, each on inputs so small that it takes seconds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from latent_xlate.data import tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.image.image_training import train_image_model
from tests.support import bulk, own_models, raw, shipped, small_domains, sounds, tiny

DETERMINISTIC = {"TF_DETERMINISTIC_OPS": "1"}
"""Sums of parallel threads are otherwise taken in an order that differs, and with it their last bits."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A command.

    Attributes:
        module: Its module in `latent_xlate.cli`.
        flags: Makes its flags of the folder of all inputs and the folder of its output.
    """

    module: str
    flags: Callable[[Path, Path], list[str]]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def command(self, inputs: Path, output: Path) -> tuple[str, list[str], dict[str, str]]:
        environment = {name: value.format(inputs=inputs) for name, value in self.environment.items()}
        return f"latent_xlate.cli.{self.module}", self.flags(inputs, output), DETERMINISTIC | environment


def _configured(name: str) -> Callable[[Path, Path], list[str]]:
    return lambda inputs, output: [f"--config={inputs / name}.py", f"--workdir={output}", f"--data_dir={inputs}/data"]


def _network(model: str, dataset: str, *flags: str) -> Callable[[Path, Path], list[str]]:
    return lambda inputs, output: [
        f"--model={model}", f"--dataset={dataset}", f"--data_dir={inputs}/data", f"--workdir={output}", "--epochs=4",
        "--batch_size=20", *flags,
    ]  # fmt: skip


_VARYING = ("checkpoint", "fingerprint.pb")

_VERSION = re.compile(r"translator/\d+")

CASES: dict[str, Case] = {
    "bridge": Case("train_bridge", _configured("bridge")),
    "vae": Case("train_domain", _network("vae", "digits", "--hidden_units=8")),
    "classifier": Case("train_domain", _network("classifier", "digits", "--hidden_units=8")),
    "wavegan": Case("train_wavegan", _configured("wavegan")),
    "cyclegan": Case("train_baseline", _configured("cyclegan")),
    "latent_cyclegan": Case("train_baseline", _configured("latent_cyclegan")),
    "package_vae": Case(
        "package_domain",
        lambda inputs, output: [
            "--name=sticks", f"--vae={inputs / 'vae'}", f"--classifier={inputs / 'classifier'}",
            f"--data_dir={inputs / 'data'}", f"--output={output}",
        ],
    ),
    "package_own": Case(
        "package_domain",
        lambda inputs, output: [
            "--name=own", f"--decoder={inputs / 'decoder.keras'}", f"--output={output}"
        ],
    ),
    "prepare_data": Case(
        "prepare_data",
        lambda inputs, output: [
            "--dataset=shapes", "--source=local", f"--raw_dir={inputs / 'raw'}", f"--data_dir={output}"
        ],
    ),
    "reproduce": Case(
        "reproduce",
        lambda inputs, output: [
            "--quick", "--num_steps=4", "--baseline_steps=2", "--num_label_seeds=1", f"--output={output}",
            "--what=table2,figure2,figure10,few_labels",
        ],
        {"LATENT_XLATE_SAVEDMODELS": "{inputs}/reproduced"},
    ),
    "export": Case("export", lambda inputs, output: [f"--translator={inputs}/translator", f"--output={output}"]),
    "translate_dataset": Case(
        "translate_dataset",
        lambda inputs, output: [
            f"--translator={inputs}/translator", "--source=digits", "--target=clothes",
            f"--input={inputs / 'records.tfrecord'}", "--part_size=10", f"--output={output}",
        ],
    ),
}  # fmt: skip


def contents(output: Path) -> dict[str, bytes | None]:
    """What a command has written, by path; None for folders, and for files that differ whenever they are made.

    TensorBoard's events contain the time, as do their names, and so does TensorFlow's list of checkpoints. The
    fingerprint of a SavedModel contains a random number.
    """
    paths = [path for path in sorted(output.rglob("*")) if path.parent.name != "events"]
    return {
        path.relative_to(output).as_posix(): None if path.is_dir() or path.name in _VARYING else path.read_bytes()
        for path in paths
    }


def with_one_version(found: Mapping[str, Any]) -> dict[str, Any]:
    """Takes the versions of an export as one: an export that is killed after it has written one writes a second.

    Args:
        found: What `contents` returned.

    Returns:
        The same with the number left out of paths and of the servers' configuration, which lists the versions.

    Raises:
        AssertionError: The versions differ.
    """
    versions: dict[str, dict[str, Any]] = {}
    others: dict[str, Any] = {}
    for path, content in found.items():
        if version := _VERSION.search(path):
            versions.setdefault(version[0], {})[path.replace(version[0], "translator/VERSION")] = content
        elif path.endswith("/models.config"):
            others[path] = set(re.sub(rb"\d+", b"VERSION", content).splitlines())
        else:
            others[path] = content
    first, *more = versions.values() or [{}]
    assert all(each == first for each in more), list(versions)
    return others | first


_BRIDGE = """
from tests.support import shipped
def get_config():
    return shipped.config({savedmodels!r}, num_steps=60, steps_per_log=5, steps_per_checkpoint=10)
"""

_BASELINE = """
from pathlib import Path
from tests import test_baseline_training as tests
def get_config():
    return tests.config({name!r}, Path({folder!r}), num_steps=8)
"""

_WAVEGAN = """
from latent_xlate.configs import wavegan
def get_config():
    config = wavegan.get_config("vae")
    config.update(steps_per_log=2, logs_per_checkpoint=2)
    config.settings.update(
        num_steps=12, batch_size=4, latent_dim=12, dim=2, discriminator_dim=2, class_latents=False, speeds=(),
    )
    return config
"""


def write_inputs(folder: Path) -> Path:
    """Writes the inputs of all cases."""
    shipped.write(folder / "savedmodels")
    for seed, name in enumerate(shipped.LATENT_DIMS):
        splits = {"train": digits_like(60, seed=2 * seed), "test": digits_like(40, seed=2 * seed + 1)}
        tfds_sets.store(name, splits, folder / "data")
    tfds_sets.store_spoken_digit(sounds.digits(), folder / "data")
    (folder / "bridge.py").write_text(_BRIDGE.format(savedmodels=str(folder / "savedmodels")))
    (folder / "wavegan.py").write_text(_WAVEGAN)
    for name in ("cyclegan", "latent_cyclegan"):
        (folder / f"{name}.py").write_text(_BASELINE.format(name=name, folder=str(folder)))
    options = {"epochs": 1, "batch_size": 20, "hidden_units": 8, "data_dir": str(folder / "data")}
    for model in ("vae", "classifier"):
        train_image_model(model, "digits", folder / model, **options)
    own_models.decoder().save(folder / "decoder.keras")
    raw.write_idx_folder(folder / "raw", raw.small_splits())
    tiny.translator().save(folder / "translator")
    bulk.write_records(folder / "records.tfrecord", [bulk.example(data_bytes=each) for each in bulk.pictures(60)])
    with pytest.MonkeyPatch.context() as patch:
        small_domains.write_domains(folder / "reproduced", patch)
    return folder
