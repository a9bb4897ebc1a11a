"""Signals that come where Python drops exceptions; those that wait for a training are in test_training.py."""

import os
import signal
import sys
import time

import pytest

from latent_xlate import interrupts


class Freed:
    """Something in whose finalizer Ctrl-C arrives, or that fails there."""

    def __init__(self, error=None):
        self.error = error

    def __del__(self):
        if self.error:
            raise self.error
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_in_a_finalizer_is_not_lost_and_prints_no_trace(capsys):
    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), interrupts.never_lost():
        Freed()
        time.sleep(10)
        pytest.fail("It was lost.")
    assert sys.unraisablehook is hook
    assert capsys.readouterr().err == ""


def test_ctrl_c_in_a_finalizer_is_deferred_where_others_are():
    with pytest.raises(KeyboardInterrupt), interrupts.never_lost(), interrupts.deferred() as interrupted:
        Freed()
        assert interrupted()


def test_other_errors_of_finalizers_are_told_as_before(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_type))
    with interrupts.never_lost():
        Freed(ZeroDivisionError())
    assert told == [ZeroDivisionError]
