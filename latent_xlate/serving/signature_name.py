"""Names of the signatures of an exported translator."""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Collection, Iterable, Iterator

DEFAULT_SIGNATURE = "serving_default"
"""The signature that is called if a request names none."""

NOVELTY = "novelty"
"""Name of the output of a signature of novelty."""

SEED, TEMPERATURE = "seed", "temperature"
"""Names of the further inputs of a signature that samples."""


class Payload(enum.Enum):
    """Kinds of data that signatures translate.

    Attributes:
        suffix: Part of the signature's name.
        key: Name of its input and of its output.
    """

    FILES = ("", "data_bytes")
    ARRAYS = ("_arrays", "x")
    LATENTS = ("_latents", "z")

    def __init__(self, suffix: str, key: str):
        """Takes the attributes."""
        self.suffix = suffix
        self.key = key


@dataclasses.dataclass(frozen=True)
class SignatureName:
    """The name of a signature, `<source>_to_<target>[_arrays|_latents][_sampled]`.

    Attributes:
        source: Name of the domain to translate from.
        target: Name of the domain to translate to.
        payload: Kind of data that is translated.
        sampled: Whether the shared latent is sampled, by further inputs `seed` and `temperature`.

    Example:
        str(SignatureName("mnist", "fashion_mnist", Payload.ARRAYS, sampled=True))
        # "mnist_to_fashion_mnist_arrays_sampled"
    """

    source: str
    target: str
    payload: Payload = Payload.FILES
    sampled: bool = False

    def __str__(self) -> str:
        return f"{self.pair}{self.payload.suffix}{'_sampled' if self.sampled else ''}"

    @property
    def pair(self) -> str:
        """The name of the pair of domains, `<source>_to_<target>`."""
        return f"{self.source}_to_{self.target}"

    @classmethod
    def possible(cls, domains: Collection[str]) -> Iterator[SignatureName]:
        """All signatures that a translator of these domains can have."""
        for source, target, payload, sampled in itertools.product(domains, domains, Payload, (False, True)):
            yield cls(source, target, payload, sampled)


def check_models(signatures: Collection[str], name: SignatureName) -> None:
    """Checks that there is a signature of a pair of domains, all of which translate latents at least.

    Raises:
        ValueError: There is none, since the source has no encoder, or the target's decoder is no part of an export.
    """
    if str(name) in signatures:
        return
    if str(SignatureName(name.source, name.source, Payload.ARRAYS)) in signatures:
        raise ValueError(
            f"Domain {name.target!r} was exported without its decoder: nothing but latents become its own. "
            "TranslatorClient takes encode and decode of one's own."
        )
    raise ValueError(f"Domain {name.source!r} has no encoder: nothing but its latents can be translated.")


def novelty_signature(domain: str, payload: Payload = Payload.FILES) -> str:
    """The name of the signature that says how unlike the training data a domain's files or arrays are."""
    return f"{NOVELTY}_{domain}{payload.suffix}"


def parse_signatures(names: Iterable[str]) -> dict[str, SignatureName]:
    """Parses the names of all signatures of an exported translator.

    A single name can be ambiguous, since names of domains may contain "_to_": "a_to_b_to_c" may translate from "a" or
    from "a_to_b". The names of all signatures together are not ambiguous. Each domain is translated to itself, which
    gives a set of candidates, and every pair of domains has a signature for latents.

    Args:
        names: The names; `serving_default` is ignored.

    Returns:
        The parsed signatures by name, without those of novelty.

    Raises:
        ValueError: The names are not those of an exported translator.
    """
    names = set(names) - {DEFAULT_SIGNATURE}
    candidates = sorted(_candidates(names))
    for count in range(len(candidates), 0, -1):
        for domains in itertools.combinations(candidates, count):
            possible = list(SignatureName.possible(domains))
            required = {str(name) for name in possible if name.payload is Payload.LATENTS and not name.sampled}
            parsed = {str(name): name for name in possible}
            others = {novelty_signature(domain, payload) for domain in domains for payload in Payload}
            if required <= names <= parsed.keys() | others:
                return {name: parsed[name] for name in names & parsed.keys()}
    raise ValueError("These are not the signatures of an exported translator.")


def _candidates(names: Iterable[str]) -> Iterator[str]:
    """Candidates for names of domains: every x for which there is a signature `x_to_x_latents`."""
    for name in names:
        pair = name.removesuffix(Payload.LATENTS.suffix)
        domain = pair[: (len(pair) - len("_to_")) // 2]
        if domain and name == str(SignatureName(domain, domain, Payload.LATENTS)):
            yield domain
