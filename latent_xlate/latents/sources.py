"""Where a bridge's latents come from: data sets, encoded, and files that ship with pretrained domains."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Protocol

from latent_xlate import checks
from latent_xlate.data import stored
from latent_xlate.domains import pretrained
from latent_xlate.domains.custom.model_domain import ModelDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latents_only import alone
from latent_xlate.latents.encoding import encode_augmented, encode_data
from latent_xlate.latents.latents import Latents

LATENTS = {"dataset": None, "augmented": None, "shipped": "latents", "samples": "samples"}
"""Kinds of latents. Those that files in a domain's folder hold have the beginning of the files' names."""

_PACKAGED = "shipped"

ALIASES = {"shifted": "augmented"}
"""Earlier names of kinds, with those that replace them."""


def current_name(latents: str) -> str:
    """Replaces earlier names of kinds of latents by those of today, with a warning.

    Args:
        latents: Kinds of latents, as `load_latents` and `latent_kinds` take them, or any other string.
    """
    renamed = ",".join("+".join(ALIASES.get(part, part) for part in kinds.split("+")) for kinds in latents.split(","))
    if renamed != latents:
        warnings.warn(f"latents={latents} is now called latents={renamed}.", FutureWarning, stacklevel=2)
    return renamed


def latent_kinds(latents: str, num_domains: int) -> list[str]:
    """The kinds of latents of each domain.

    Args:
        latents: Kinds as `load_latents` takes them, one for all domains or, separated by commas, one for each.
        num_domains: Number of domains.

    Raises:
        ValueError: Unknown kind, or neither one for all nor one for each.
    """
    kinds = current_name(latents).split(",")
    for kind in kinds:
        for part in kind.split("+"):
            checks.known(part, LATENTS, "kind of latents")
    if len(kinds) not in (1, num_domains):
        raise ValueError(f"latents is {latents!r}: {len(kinds)} kinds for {num_domains} domains.")
    return kinds * (num_domains // len(kinds))


def load_latents(domain: Domain, folder: str, latents: str, split: str, data_dir: str | None = None) -> Latents:
    """Loads or computes latents of a domain.

    Args:
        domain: The domain.
        folder: Its name or folder, as `pretrained.folder` takes it.
        latents: One of `LATENTS`, or several joined by "+": "dataset", posteriors of its data set, or, of a user's
            model without one, of what it was packaged with; "augmented", posteriors of the data set's images moved by a
            pixel, or of its recordings at other speeds; "shipped", posteriors of a part of the data set, stored in the
            domain's folder; "samples", draws from its prior of which its judge is sure, stored there too.
        split: "train", "validation" (which only some domains ship) or "test".
        data_dir: Folder of TFDS data sets; None for the default.

    Raises:
        ValueError: Unknown kind of latents, a missing data set or file, or a domain without an encoder.
    """
    (kinds,) = latent_kinds(latents, 1)
    if not domain.has_data:
        return _in_own_scale(domain, load_packaged(domain, folder, split, kinds))
    return Latents.concatenated([_load_kind(domain, folder, kind, split, data_dir) for kind in kinds.split("+")])


def _load_kind(domain: Domain, folder: str, kind: str, split: str, data_dir: str | None) -> Latents:
    if kind == "dataset" and is_packaged_alone(domain, data_dir):
        return _load_file(domain, folder, _PACKAGED, split)
    if LATENTS[kind] is None:
        data = domain.load_data(split, data_dir)
        return encode_data(domain, data) if kind == "dataset" else encode_augmented(domain, data)
    return _load_file(domain, folder, kind, split)


def is_packaged_alone(domain: Domain, data_dir: str | None) -> bool:
    """Whether latents of a data set are asked for of a user's model whose data are none; says what stands for them."""
    if not isinstance(domain, ModelDomain) or stored.is_data_set(domain.dataset, data_dir):
        return False
    print(
        f"The data of domain {domain.name!r} are no data set: the latents that are packaged stand for latents=dataset.",
        file=sys.stderr,
    )
    return True


def _load_file(domain: Domain, folder: str, kind: str, split: str) -> Latents:
    path = pretrained.folder(folder) / f"{LATENTS[kind]}_{split}.npz"
    shipped = Latents.load(path)
    if shipped.mu.shape[1] != domain.latent_dim:
        width = shipped.mu.shape[1]
        raise ValueError(
            f"{path} are {width} wide; those of domain {domain.name!r} are {domain.latent_dim}: "
            "take those of the data set instead (latents=dataset)."
        )
    return shipped


def load_packaged(domain: Domain, folder: str, split: str, latents: str = _PACKAGED) -> Latents:
    """Loads latents of a domain without data, standardised as bridges take them (`Domain.to_bridge`).

    Whatever kind is asked for, there are no others. Arguments and errors are those of `load_latents`.
    """
    if latents != _PACKAGED:
        print(f"{alone(domain)}: those that are packaged stand for latents={latents}.", file=sys.stderr)
    return _load_file(domain, folder, _PACKAGED, split)


def _in_own_scale(domain: Domain, latents: Latents) -> Latents:
    assert domain.standardisation
    return Latents(domain.from_bridge(latents.mu), latents.sigma * domain.standardisation.scale, latents.labels)


def load_held_out(domain: Domain, folder: str, latents: str) -> Latents | None:
    """Loads the validation latents in a domain's folder, if there are and its latents come from there, else None.

    Arguments and errors are those of `load_latents`.
    """
    if not domain.has_data:
        return load_packaged(domain, folder, "validation")
    if latents != "shipped" or not (pretrained.folder(folder) / f"{LATENTS[latents]}_validation.npz").is_file():
        return None
    return _load_kind(domain, folder, latents, "validation", None)


class LoadLatents(Protocol):
    """A function with the arguments and result of `load_latents`, which may keep latents for the next run, say."""

    def __call__(self, domain: Domain, folder: str, latents: str, split: str, data_dir: str | None) -> Latents: ...


def load_pretrained(names: Sequence[str]) -> list[Domain]:
    """Loads pretrained domains, by name or folder.

    Raises:
        ValueError: One is not there, or two have the same name.
    """
    domains = [pretrained.load_domain(name) for name in names]
    own_names = [domain.name for domain in domains]
    if len(set(own_names)) < len(own_names):
        raise ValueError(f"Domains must differ in name; these are {', '.join(own_names)}.")
    return domains


def load_domains(
    names: Sequence[str], latents: str, split: str, data_dir: str | None = None, load: LoadLatents = load_latents
) -> tuple[list[Domain], list[Latents]]:
    """Loads pretrained domains and latents of each, as bridges take them.

    Args:
        names: Names or folders of the domains.
        latents: Kinds of latents, as `latent_kinds` takes them.
        split: As in `load_latents`.
        data_dir: As in `load_latents`.
        load: Loads the latents of a domain.

    Returns:
        The domains, and the latents of each.

    Raises:
        ValueError: As in `load_pretrained`, `latent_kinds` and `load_latents`.
    """
    domains = load_pretrained(names)
    kinds = latent_kinds(latents, len(domains))
    triples = zip(domains, names, kinds, strict=True)
    return domains, [
        load(domain, name, kind, split, data_dir) if domain.has_data else load_packaged(domain, name, split, kind)
        for domain, name, kind in triples
    ]
