"""How every command ends: exit codes, and errors as one sentence."""

import errno
import os
import re
import subprocess
import sys

import pytest
import tensorflow as tf
from absl import flags
from absl.testing import flagsaver

from latent_xlate import tensorflow_messages
from latent_xlate.cli import _app, train_bridge  # noqa: F401  The latter defines --config.
from latent_xlate.configs import _listing
from tests.support.paths import ROOT


def ending(error: BaseException) -> int:
    with pytest.raises(SystemExit) as raised, _app.plain_errors():
        raise error
    return raised.value.code


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("Unknown domain 'mnis'. Did you mean 'mnist'?"), "Unknown domain 'mnis'. Did you mean 'mnist'?"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.png"), "a.png: No such file or directory."),
        (OSError(errno.EIO, "Input/output error"), "Input/output error."),
        (OSError("Unable to open file"), "Unable to open file"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device. Free some space"),
        (
            OSError("file write failed: errno = 28, error message = 'No space left on device'"),
            "No space left on device.",
        ),
        (RuntimeError("Flush failed (errno = 28, error message = 'No space left on device')"), "No space left on"),
        (tf.errors.ResourceExhaustedError(None, None, "{{node x}} part; No space left on device"), "No space left on"),
    ],
)
def test_what_a_user_can_cause_is_one_sentence(error, sentence, capsys):
    assert ending(error) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"Error: {sentence}")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_interrupt_is_no_error(capsys):
    assert ending(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "\nStopped.\n"


@pytest.mark.parametrize("error", [TypeError("a bug"), ZeroDivisionError("another")])
def test_a_bug_keeps_its_trace(error):
    with pytest.raises(type(error)), _app.plain_errors():
        raise error


def test_verbosity_shows_where_an_error_came_from():
    flags.FLAGS.mark_as_parsed()
    with flagsaver.flagsaver(verbosity=1), pytest.raises(ValueError, match="Unknown"), _app.plain_errors():
        raise ValueError("Unknown")


# ---- --config ---------------------------------------------------------------------------------


def parse(monkeypatch, *arguments, **kwargs):
    monkeypatch.setattr(sys, "argv", ["train_bridge", "--workdir=out", *arguments])  # Where ml_collections looks too.
    return _app.parse_flags_with_config(sys.argv, **kwargs)


@flagsaver.flagsaver
def test_configuration_by_name_and_mode_with_a_field_overridden(monkeypatch):
    assert parse(monkeypatch, "--config=mnist_mnist:paper", "--config.model.beta_kl=0.25") == ["train_bridge"]
    config = flags.FLAGS.config
    assert (config.domains, config.num_steps, config.model.beta_kl) == (("mnist", "mnist_b"), 50_000, 0.25)


@flagsaver.flagsaver
def test_default_configuration_can_be_overridden(monkeypatch):
    parse(monkeypatch, "--config.num_steps=7", default="mnist_mnist:quick")
    assert (flags.FLAGS.config.domains, flags.FLAGS.config.num_steps) == (("mnist", "mnist_b"), 7)
    with pytest.raises(ValueError, match="Unknown field of the configuration 'steps'"):
        parse(monkeypatch, "--config.steps=7", default="mnist_mnist:quick")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=mnist_mnit"], "Unknown configuration 'mnist_mnit'. Did you mean 'mnist_mnist'? Known: "),
        (["--config=out/mine.py"], "There is no file out/mine.py of a configuration."),
        (
            ["--config=mnist_mnist:fast"],
            "Unknown mode 'fast'. Did you mean 'faithful'? Known: best, faithful, paper, quick.",
        ),
        (
            ["--config=mnist_mnist", "--config.model.beta_swt=1"],
            "Unknown field of the configuration 'model.beta_swt'. Did you mean 'model.beta_swd'? Known: batch_size, ",
        ),
        (["--config=mnist_mnist", "--config.num_steps=many"], "flag --config.num_steps=many: invalid literal"),
        (["--config=mnist_mnist", "--strategy=miror"], "flag --strategy=miror: value should be one of"),
        (["--config=mnist_mnist", "--confg=x"], "Unknown command line flag 'confg'. Did you mean: config ?"),
    ],
)
@flagsaver.flagsaver
def test_bad_configuration_is_one_sentence(arguments, message, monkeypatch):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as error:
        parse(monkeypatch, *arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\0", "SyntaxError: "),
        (b"steps = 1", "AttributeError: .*get_config"),
        (b"def get_config():\n    return nothing", "NameError: name 'nothing' is not defined"),
    ],
    ids=["foreign", "no get_config", "bug"],
)
@flagsaver.flagsaver
def test_foreign_file_is_no_configuration(content, reason, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "config_config", raising=False)  # What ml_collections read before.
    path = tmp_path / "config.py"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path} is not a configuration \\({reason}"):
        parse(monkeypatch, f"--config={path}")


# ---- stderr -----------------------------------------------------------------------------------


def test_chatter_is_held_back_and_nothing_else(capfd):
    with pytest.raises(RuntimeError), tensorflow_messages.without_chatter():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
        print("A real warning", file=sys.stderr)
        os.write(2, b"E0000 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error\nAnother\n")
        raise RuntimeError
    assert sorted(capfd.readouterr().err.splitlines()) == ["A real warning", "Another"]


@pytest.mark.long
def test_a_command_says_nothing_but_its_error_or_its_manual(tmp_path):
    cases = {
        "--translator=nowhere": (1, "Error: There is no translator in nowhere: it has no translator.json.\n"),
        "nowhere": (1, "Error: 'nowhere' is no flag: flags are written --name=value, and --help lists them.\n"),
        "--help": (0, ""),
    }
    command = [sys.executable, "-m", "latent_xlate.cli.export", "--translator=none", "--output=out"]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    processes = [  # At once, since most of their time goes into starting.
        subprocess.Popen(
            [*command, argument], cwd=tmp_path, env=environment | {"PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for argument in cases
    ]  # fmt: skip
    for process, (status, error) in zip(processes, cases.values(), strict=True):
        said, error_said = process.communicate()
        assert (process.returncode, error_said) == (status, error)
        assert said.startswith("Exports a translator" if status == 0 else "")
    assert list(tmp_path.iterdir()) == []


def test_error_in_a_configuration_that_ships_is_seen_by_list_configs(monkeypatch):
    def broken():
        raise NameError("name 'BridgeConfg' is not defined")

    monkeypatch.setattr(_listing, "describe_configs", broken)
    with pytest.raises(NameError, match="BridgeConfg"):
        parse(monkeypatch, "--list_configs")
