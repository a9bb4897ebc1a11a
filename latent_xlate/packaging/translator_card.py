"""Model cards of translators: which domains they join, and which classes belong together."""

from __future__ import annotations

from collections.abc import Sequence

from latent_xlate import documents, tables
from latent_xlate.bridge import class_pairing
from latent_xlate.bridge.bridge import Bridge
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.domains.domain import Domain


def translator_card(domains: Sequence[Domain], bridge: Bridge, class_map: ClassMap | None) -> str:
    """Returns the model card of a translator.

    Args:
        domains: Its domains, in the bridge's order.
        bridge: The bridge.
        class_map: Which classes belong together; None for those of the same label.
    """
    rows = [
        [
            domain.name,
            domain.dataset,
            f"{domain.modality.noun}s {list(domain.data_shape)}",
            str(domain.latent_dim),
            str(len(domain.class_names) or tables.ABSENT),
        ]
        for domain in domains
    ]
    pairing = class_pairing.describe(class_map, domains) if class_map else _by_label(domains)
    return documents.fill(
        "translator_card.md",
        names=", ".join(domain.name for domain in domains),
        bridge=type(bridge).__name__,
        parameters=f"{bridge.count_params():,}",
        shared=bridge.shared_dim or tables.ABSENT,
        table=tables.markdown(["domain", "data set", "data", "latent", "classes"], rows),
        pairing=f"Classes that belong together: {pairing}."
        if pairing
        else "It knows of no classes that belong together.",
    )


def _by_label(domains: Sequence[Domain]) -> str:
    try:
        return class_pairing.describe(ClassMap.by_label(domains), domains)
    except ValueError:
        return ""
