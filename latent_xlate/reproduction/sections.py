"""The form of a reproduction's sections."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ml_collections import ConfigDict

from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.study import Study


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of the report: a table or figure of the paper, or a study beyond it.

    Attributes:
        title: Its heading.
        runs: Returns the configurations of the trainings that it needs.
        write: Draws its figures and returns its text, Markdown. All of `runs` that can be made are finished then.
    """

    title: str
    runs: Callable[[Settings], Sequence[ConfigDict]]
    write: Callable[[Study], str]


def no_runs(settings: Settings) -> list[ConfigDict]:
    """Returns no trainings, for a section that needs none."""
    del settings
    return []
