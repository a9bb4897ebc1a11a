"""Signals that come where Python drops exceptions; those that wait for a training are in test_training.py."""

import contextlib
import os
import signal
import sys
import time

import pytest

from latent_xlate import interrupts

AGAIN_AFTER = 0.1


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(interrupts, "_AGAIN_AFTER", AGAIN_AFTER)


@pytest.fixture(autouse=True)
def heard():
    """What a shell starts in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Freed:
    """Something in whose finalizer Ctrl-C arrives, or that fails there."""

    def __init__(self, error=None):
        self.error = error

    def __del__(self):
        if self.error:
            raise self.error
        os.kill(os.getpid(), signal.SIGINT)


def in_a_finalizer():
    Freed()


def in_a_clause_that_catches_all():
    with contextlib.suppress(BaseException):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("arrive", [in_a_finalizer, in_a_clause_that_catches_all])
@pytest.mark.long
def test_ctrl_c_is_not_lost_and_prints_no_trace(arrive, capsys):
    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), interrupts.insistent():
        arrive()
        time.sleep(10)
        pytest.fail("It was lost.")
    assert sys.unraisablehook is hook
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    time.sleep(3 * AGAIN_AFTER)  # Nothing comes after the block.
    assert capsys.readouterr().err == ""


def test_ctrl_c_that_a_training_defers_comes_once():
    with pytest.raises(KeyboardInterrupt), interrupts.insistent(), interrupts.deferred() as interrupted:
        Freed()
        assert interrupted()
        time.sleep(3 * AGAIN_AFTER)


def test_ctrl_c_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.insistent():
            Freed()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_errors_of_finalizers_are_told_as_before(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_type))
    with interrupts.insistent():
        Freed(ZeroDivisionError())
    assert told == [ZeroDivisionError]
