"""Where a bridge's latents come from: data sets, encoded, and files that lie with pretrained domains."""

from __future__ import annotations

from typing import Protocol

from ml_collections import ConfigDict

from latent_xlate import checks
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.encoding import encode_augmented, encode_data
from latent_xlate.latents.latents import Latents

LATENTS = {"dataset": None, "shifted": None, "shipped": "latents", "samples": "samples"}
"""Kinds of latents, with what the files that hold them in a domain's folder start with; see `load_latents`."""


def latent_kinds(latents: str, num_domains: int) -> list[str]:
    """The kind of latents of each domain.

    Args:
        latents: What `load_latents` takes, one for all domains or, separated by commas, one for each.
        num_domains: The number of domains.

    Raises:
        ValueError: Unknown kind, or another number of them.
    """
    kinds = latents.split(",")
    for kind in kinds:
        for part in kind.split("+"):
            checks.known(part, LATENTS, "kind of latents")
    if len(kinds) not in (1, num_domains):
        raise ValueError(f"latents is {latents!r}: {len(kinds)} kinds for {num_domains} domains.")
    return kinds * (num_domains // len(kinds))


def load_latents(domain: Domain, folder: str, latents: str, split: str, data_dir: str | None = None) -> Latents:
    """Latents of a domain.

    Args:
        domain: The domain.
        folder: Its name or folder, as `pretrained.folder` takes it.
        latents: "dataset", posteriors of its data set; "shifted", those of the data set's images moved by a
            pixel, or its recordings at other speeds; "shipped", those of some of it that lie in the domain's
            folder; "samples", draws of its prior that its judge is sure of, which lie there too; or several of
            these, joined by "+".
        split: "train", "validation" (not shipped) or "test".
        data_dir: Folder of TFDS data sets; None for the default.

    Raises:
        ValueError: Unknown kind of latents; no such data set or file; no encoder.
    """
    (kinds,) = latent_kinds(latents, 1)
    return Latents.concatenated([_load_latents(domain, folder, kind, split, data_dir) for kind in kinds.split("+")])


def _load_latents(domain, folder, kind, split, data_dir):
    if LATENTS[kind] is None:
        data = domain.load_data(split, data_dir)
        return encode_data(domain, data) if kind == "dataset" else encode_augmented(domain, data)
    path = pretrained.folder(folder) / f"{LATENTS[kind]}_{split}.npz"
    shipped = Latents.load(path)
    if shipped.mu.shape[1] != domain.latent_dim:
        width = shipped.mu.shape[1]
        raise ValueError(
            f"{path} are {width} wide; those of domain {domain.name!r} are {domain.latent_dim}: "
            "take those of the data set instead (latents=dataset)."
        )
    return shipped


def load_pretrained(config: ConfigDict) -> list[Domain]:
    """The domains of a configuration; ValueError where one is not there, or two have one name."""
    domains = [pretrained.load(name) for name in config.domains]
    names = [domain.name for domain in domains]
    if len(set(names)) < len(names):
        raise ValueError(f"Domains must differ in name; these are {', '.join(names)}.")
    return domains


class LoadLatents(Protocol):
    """What takes the arguments of `load_latents` and returns the same: it may keep latents for the next run, say."""

    def __call__(self, domain: Domain, folder: str, latents: str, split: str, data_dir: str | None) -> Latents: ...


def load_domains(
    config: ConfigDict, split: str, data_dir: str | None = None, load: LoadLatents = load_latents
) -> tuple[list[Domain], list[Latents]]:
    """The domains of a configuration, and their latents by `load`. Other args and errors as in `load_latents`."""
    domains = load_pretrained(config)
    kinds = latent_kinds(config.latents, len(domains))
    triples = zip(domains, config.domains, kinds, strict=True)
    return domains, [load(domain, name, kind, split, data_dir) for domain, name, kind in triples]
