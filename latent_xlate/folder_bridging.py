"""From folders of pictures to an exported translator in one call."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import filterfalse
from pathlib import Path

import tensorflow as tf

from latent_xlate import configs, documents, domain_report, processes, quickstart, training
from latent_xlate.bridge import class_pairing
from latent_xlate.data import class_folders, class_sizes, sources
from latent_xlate.evaluation.accuracy import LEAST_INSTANCES
from latent_xlate.packaging.domain_folder import RUNS
from latent_xlate.packaging.domain_making import make_image_domain


@dataclasses.dataclass(frozen=True)
class _Folder:
    """A folder of pictures, with the name of the domain to be and the names of its classes."""

    path: Path
    name: str
    class_names: tuple[str, ...]


def bridge_folders(
    folders: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    class_map: str | None = None,
    seed: int = 0,
) -> Path:
    """Makes a domain of each folder of pictures, trains a bridge between them, and measures, exports and shows it.

    Without a GPU the domains are made side by side, each in a process of its own.

    A call that was interrupted continues where it was when it is repeated with the same arguments.

    Args:
        folders: Two or more folders of labelled pictures, as `class_folders.read_folder` reads them. Their names become
            the names of the domains.
        output: Folder that gets `domains/<name>/` with a report each, and what `quickstart` writes: `run/`,
            `translator/<version>/`, `examples/`, `figures/`, `metrics.json` and `index.html`.
        class_map: As in `BridgeConfig`; None pairs classes of the same name.
        seed: Seed of all trainings.

    Returns:
        Path of `index.html`.

    Raises:
        ValueError: `output` holds a run of other arguments, there are fewer than two folders, one is not there or
            unlabelled or has too few classes or pictures, or the names of classes do not match and there is no class
            map. Nothing has been trained then.
    """
    output = Path(output)
    found = [_Folder(Path(folder), name, _class_names(folder)) for folder, name in name_folders(folders)]
    pairing = class_pairing.describe(class_pairing.read_or_pair(class_map, found), found)
    print(f"Classes that belong together: {pairing}", file=sys.stderr)
    given = {"folders": [str(each.path.resolve()) for each in found], "class_map": class_map, "seed": seed}
    training.open_workdir(output, given)
    print(f"[1 of 2] Domains {', '.join(each.name for each in found)}", file=sys.stderr)
    calls = [(each.name, each.path, output / "domains" / each.name, seed) for each in found]
    one_by_one = tf.config.list_physical_devices("GPU")  # A process would take all of its memory.
    made = (
        [_make_domain(*call) for call in calls]
        if one_by_one
        else processes.call_side_by_side(_make_domain, calls, [f"domain {each.name}" for each in found])
    )
    reports = {each.name: report for each, report in zip(found, made, strict=True)}
    for name, report in reports.items():
        print(f"{name}: {report}", file=sys.stderr)
    print("[2 of 2] Bridge", file=sys.stderr)
    config = configs.load("own_domains")
    with config.unlocked():
        config.update(domains=tuple(str(output / "domains" / each.name) for each in found), seed=seed)
        if class_map is not None:
            config.class_map = class_map
    page = quickstart.quickstart(config, output, page_text(reports))
    print("How good the domains are, on which every number above depends:")
    print("\n".join(f"{name}: {report}" for name, report in reports.items()))
    return page


def _make_domain(name: str, pictures: Path, folder: Path, seed: int) -> domain_report.Summary:
    domain = make_image_domain(name, pictures, folder, folder / RUNS, seed=seed)
    return domain_report.write_report(domain, folder, str(folder / RUNS / "data"))


def page_text(reports: Mapping[str, domain_report.Summary]) -> quickstart.PageText:
    """What the page says of domains of pictures, by their names."""
    parts = [
        f"**{documents.escaped(name)}**: {documents.escaped(' '.join([*report.verdict, report.measured]))} "
        f"[The whole report](domains/{name}/{report.page.name})."
        for name, report in reports.items()
    ]
    return quickstart.PageText(
        "bridged_folders.md",
        "Held-out pictures of each class as the model of their folder reconstructs them, each above its translation.",
        {"domains": "\n\n".join(parts)},
    )


def name_folders(folders: Sequence[str | os.PathLike]) -> list[tuple[str | os.PathLike, str]]:
    """Gives each folder the name of its domain: that of the folder, in lower-case letters, digits and underscores.

    Names without Latin letters and digits become `folder`, and `folder_2` for the second of the folders and so on.
    """
    if len(folders) < 2:
        raise ValueError(f"A bridge needs two folders or more; given: {len(folders)}.")
    plain = [unicodedata.normalize("NFKD", Path(folder).resolve().name.lower()) for folder in folders]
    without_accents = ["".join(filterfalse(unicodedata.combining, name)) for name in plain]
    names = [re.sub("[^a-z0-9]+", "_", name).strip("_") for name in without_accents]
    nameless = [place for place, name in enumerate(names, 1) if not name]
    for place in nameless[1:]:
        names[place - 1] = str(place)
    names = [name if name[:1].isalpha() else f"folder_{name}".rstrip("_") for name in names]
    if len(set(names)) < len(names):
        raise ValueError(
            "Folders must differ in name, which their domains get in Latin letters and digits; these are "
            f"{', '.join(names)}: rename one."
        )
    return list(zip(folders, names, strict=True))


def _class_names(folder: str | os.PathLike) -> tuple[str, ...]:
    names = class_folders.class_names(folder)
    if not names:
        raise ValueError(
            f"{folder} has no folders of classes and no labels.csv. A bridge of unlabelled pictures takes make_domain, "
            "suggest_labels and train_bridge."
        )
    class_sizes.check_enough(folder, sources.GREY_28, LEAST_INSTANCES)
    return names
