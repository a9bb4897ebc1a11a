"""Whether a folder holds enough of each class to train and test on, told before anything is read."""

from __future__ import annotations

import collections
import os
from collections.abc import Sequence

from latent_xlate.data.class_folders import TEST_SHARE, UNSPLIT, list_files
from latent_xlate.data.labelled import VALIDATION_SHARE
from latent_xlate.modalities.modality import Modality

_MOST_SHOWN = 20


def check_enough(folder: str | os.PathLike, modality: Modality, to_test: int = 1) -> None:
    """Checks that every class of a folder can be trained and tested, and that one instance is left for validation.

    Args:
        folder: As `class_folders.read_folder` reads it.
        modality: The modality of the files.
        to_test: Fewest instances to test on, over all classes.

    Raises:
        ValueError: There are too few, with their numbers; or the folder does not fit, as in `read_folder`.
    """
    splits, names = list_files(folder, modality)
    counts = {split: collections.Counter(label for _, label in files) for split, files in splits.items()}
    if UNSPLIT in counts:
        whole = counts.pop(UNSPLIT)
        counts["test"] = collections.Counter({label: max(1, count // TEST_SHARE) for label, count in whole.items()})
        counts["train"] = whole - counts["test"]
    labels = range(len(names)) if names else [-1]
    lacking = [label for label in labels if not all(of_split[label] for of_split in counts.values())]
    enough = sum(counts["train"].values()) >= VALIDATION_SHARE and sum(counts["test"].values()) >= to_test
    if enough and not lacking:
        return
    noun = f"{modality.noun}s"
    of_class = ", ".join(f"{name} {sum(each[label] for each in counts.values())}" for label, name in enumerate(names))
    raise ValueError(
        f"{folder} has {sum(map(len, splits.values()))} {noun}"
        f"{f' ({of_class})' if names else ''}, of which {sum(counts['train'].values())} are to train on and "
        f"{sum(counts['test'].values())} to test: at least {VALIDATION_SHARE} are needed to train on and {to_test} to "
        f"test{', and of each class one for either' if names else ''}. Add {noun}{_of(lacking, names)}."
    )


def _of(lacking: Sequence[int], names: Sequence[str]) -> str:
    """Says which classes lack instances, if these are some of them."""
    if not names or len(lacking) in (0, len(names)):
        return ""
    more = f" and {len(lacking) - _MOST_SHOWN} more" if len(lacking) > _MOST_SHOWN else ""
    return f" of {', '.join(names[label] for label in lacking[:_MOST_SHOWN])}{more}, or remove the class"
