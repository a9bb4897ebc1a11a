"""Checksums of the published data sets of images."""

from __future__ import annotations

import os

CHECKSUMS = {
    "mnist": {"train": "f6df1131ebd1f670df947aa6d12ecd18", "test": "c96757a4180a626e1737cfdf4690742f"},
    "fashion_mnist": {"train": "4115895a719d060966a54c7f2e69e159", "test": "4e6f7641d5ba513061f4658044048c5c"},
}
"""Checksums of the stored splits, as `labelled.in_canonical_order` returns them."""


def check_content(dataset: str, split: str, checksum: str, where: str | os.PathLike, way_out: str) -> None:
    """Checks that a split of a published data set is the published one; any other data set passes.

    Args:
        dataset: Name of the data set.
        split: "train" or "test".
        checksum: Checksum of the split, from `labelled.in_canonical_order`.
        where: Origin of the images, for the message.
        way_out: Last sentence of the message, which says what to do.

    Raises:
        ValueError: `dataset` is in `CHECKSUMS` and the content differs.
    """
    expected = CHECKSUMS.get(dataset, {}).get(split, checksum)
    if checksum != expected:
        raise ValueError(
            f"The {split} images in {where} are not those of {dataset!r} "
            f"(checksum {checksum}, expected {expected}). {way_out}"
        )
