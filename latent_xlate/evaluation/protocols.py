"""Protocols: on which instances translations are measured, and whether latents are sampled."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How translations are measured.

    Attributes:
        split: Split of the data that the latents are of.
        sampled: Whether z and z_shared are sampled. If not, z is the mean of its posterior, and z_shared, too, unless
            a temperature is given.
        max_instances: Largest number of instances of a domain, chosen at random; None for all of them.
    """

    split: str
    sampled: bool
    max_instances: int | None


PROTOCOLS = {
    "held_out": Protocol(split="test", sampled=False, max_instances=None),
    "validation": Protocol(split="validation", sampled=False, max_instances=None),
    "reference": Protocol(split="train", sampled=True, max_instances=1000),
}
"""By name. "held_out" is for results, "validation" to choose settings by; "reference" is that of the authors' code."""
