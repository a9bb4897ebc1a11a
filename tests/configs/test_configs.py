"""The configurations that ship: listed, loaded, and described field by field."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from latent_xlate import configs
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.configs import _listing, base

ROOT = Path(__file__).resolve().parents[2]


def fields(config, prefix=""):
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_file_is_listed():
    names = configs.list_configs()
    assert {"mnist_mnist", "few_labels", "own_domains", "cyclegan", "wavegan"} < set(names)
    assert "base" not in names


@pytest.mark.parametrize("name", configs.list_configs())
def test_description_has_every_mode_and_every_field_with_its_value(name):
    title, modes, *lines = _listing.describe_config(name).splitlines()
    assert title.startswith(f"{name}: ")
    default = configs.load(name)
    described = {line.split()[0]: line for line in lines}
    assert set(described) == set(fields(default))
    for field, line in described.items():
        value = default
        for part in field.split("."):
            value = value[part]
        assert f"  {value!r}" in line
        assert line.endswith(".")
    for mode in modes.removeprefix("  Modes: ").removesuffix(".").split(", "):
        configs.load(f"{name}:{mode.removesuffix(' (default)')}")
    assert modes.count("(default)") == 1


def test_values_of_other_modes_are_told_where_they_differ():
    lines = {line.split()[0]: line for line in _listing.describe_config("mnist_mnist").splitlines()[2:]}
    assert "10000 (paper: 50000, quick: 2000)" in lines["num_steps"]
    assert "0.005 (paper: 0.05)" in lines["model.beta_kl"]
    assert lines["batch_size"].split()[:3] == ["batch_size", "int", "128"]


def test_names_with_a_mode_are_loaded():
    assert configs.load("mnist_mnist:paper").num_steps == 50_000
    assert BridgeConfig.of(configs.load("few_labels:mnist_spoken_digit")).domains == ("mnist", "spoken_digit")
    with pytest.raises(ValueError, match="Unknown configuration 'base'"):
        configs.load("base")


def test_own_domains_end_by_their_latents_and_the_papers_mode_by_its_steps():
    config = configs.load("own_domains")
    assert (config.num_steps, config.epochs, config.patience) == (10_000, 100, 10)
    paper = BridgeConfig.of(configs.load("own_domains:paper"))
    assert (paper.num_steps, paper.epochs, paper.patience) == (50_000, None, None)


def test_own_pictures_are_carried_to_where_the_targets_lie_and_the_papers_are_not():
    certainties = {
        f"{name}:{mode}": config.transport and (config.transport.points, config.transport.certainty)
        for name in ("own_domains", "letters_emoji")
        for mode in base.MODES
        for config in [BridgeConfig.of(configs.load(f"{name}:{mode}"))]
    }
    of_mode = {"best": (500, 0.9), "faithful": (1_000, 0.75), "paper": None, "quick": (500, 0.9)}
    assert certainties == {
        f"{name}:{mode}": of_mode[mode] for name in ("own_domains", "letters_emoji") for mode in of_mode
    }
    lines = {line.split()[0]: line for line in _listing.describe_config("own_domains").splitlines()[2:]}
    assert "0.9 (faithful: 0.75, paper: None)" in lines["transport.certainty"]


@pytest.mark.long
def test_command_lists_them_without_any_other_flag():
    command = [sys.executable, str(ROOT / "bin" / "train_bridge.py"), "--list_configs"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == _listing.describe_configs() + "\n"


def test_a_file_of_ones_own_may_change_what_a_shipped_one_starts_from():
    config = base.image_bridge(["mnist", "mnist_b"], "quick")
    config.num_steps = 20
    config.labels_per_class = 10
    config.model.hidden_units = (8, 8)
    made = BridgeConfig.of(config)
    assert (made.num_steps, made.labels_per_class, made.model.hidden_units) == (20, 10, (8, 8))
    assert (made.latents, made.model.shared_dim) == ("shipped", 16)
