"""Files of pictures, sounds or arrays, one instance each."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from latent_xlate import checks, folders
from latent_xlate.bulk import storage
from latent_xlate.bulk.parts import Part, Rejected
from latent_xlate.bulk.sources import Source, Unit, make_part
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.signature_name import Payload


@dataclasses.dataclass(frozen=True)
class FileSource(Source):
    """Files of one modality. The key of each is its path below `root`.

    Attributes:
        root: Folder that all files lie in or below, with its `/`.
        paths: The files.
        modality: How they are read.
        part_size: Number of files of a part.
    """

    root: str
    paths: tuple[str, ...]
    modality: Modality
    part_size: int

    @classmethod
    def matching(cls, pattern: str, modality: Modality, part_size: int) -> FileSource:
        """Takes the files that match a pattern and have an ending of the modality.

        Raises:
            ValueError: There is none.
        """
        root, paths = storage.matching(pattern)
        known = [path for path in paths if path.lower().endswith(modality.file_suffixes)]
        if not known:
            raise ValueError(f"No file of {pattern} ends in {', '.join(modality.file_suffixes)}.")
        if len(known) < len(paths):
            print(f"Skipped, no {modality.noun}s: {len(paths) - len(known)} of {len(paths)} files.", file=sys.stderr)
        return cls(root, tuple(known), modality, part_size)

    def reader(self) -> Source:
        return dataclasses.replace(self, paths=())

    def key(self, path: str) -> str:
        """The name of a file."""
        return path[len(self.root) :]

    def units(self) -> list[Unit]:
        starts = range(0, len(self.paths), self.part_size)
        return [Unit(n, self.paths[start : start + self.part_size]) for n, start in enumerate(starts)]

    def read(self, unit: Unit, is_done: Callable[[str], bool]) -> Iterator[Part]:
        name = unit.part_name(0)
        if is_done(name):
            return
        contents: dict[str, bytes] = {}
        rejected = []
        for path in unit.items:
            try:
                contents[self.key(path)] = self._read_file(path)
            except (OSError, ValueError) as error:
                rejected.append(Rejected(self.key(path), checks.one_line(folders.fault(error)).rstrip(".")))
        yield make_part(name, list(contents), Payload.FILES, list(contents.values()), rejected=rejected)

    def _read_file(self, path: str) -> bytes:
        with storage.local_copy(path) as local:
            folders.check_file(local)
            return self.modality.prepare(local)

    def description(self) -> dict[str, Any]:
        digest = hashlib.sha256("\0".join(self.paths).encode("utf-8", "surrogateescape")).hexdigest()
        return {"files": len(self.paths), "digest": digest, "part_size": self.part_size}
