"""The flag --list_configs of the commands that train by a configuration."""

from __future__ import annotations

import sys
from typing import Any

from absl import flags


class _ListConfigsFlag(flags.BooleanFlag):
    """Prints the configurations as soon as it is parsed, before absl asks for required flags."""

    def __init__(self) -> None:
        super().__init__("list_configs", False, "Prints the configurations that ship, their modes and fields.")

    def parse(self, argument: Any) -> None:
        super().parse(argument)
        if self.value:
            from latent_xlate.configs import _listing

            print(_listing.describe_configs())
            sys.exit(0)


def define(module_name: str) -> None:
    """Defines the flag as one of a command's module."""
    flags.DEFINE_flag(_ListConfigsFlag(), module_name=module_name)
