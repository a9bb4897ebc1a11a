"""Fixtures: the inputs of all commands, and the process that starts them."""

import pytest

from tests.support import command_cases
from tests.support.forked import Forked


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    return command_cases.write_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="session")
def forked(tmp_path_factory):
    with Forked(tmp_path_factory.mktemp("log")) as process:
        yield process
