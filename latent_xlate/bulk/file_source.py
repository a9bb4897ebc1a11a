"""Files of pictures, sounds or arrays, one instance each."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator

from latent_xlate import checks, folders
from latent_xlate.bulk import storage
from latent_xlate.bulk.parts import Part, Rejected
from latent_xlate.bulk.sources import PathSource, Unit, make_part
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.signature_name import Payload


@dataclasses.dataclass(frozen=True)
class FileSource(PathSource):
    """Files that hold one instance each. The key of each is its path below `root`."""

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
