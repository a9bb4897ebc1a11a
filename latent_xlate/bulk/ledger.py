"""Which parts are done, on the disk, so that work that was interrupted goes on where it was.

`job.json` says what the work is, and `parts/<name>.json` what became of a part. The latter is written after everything
else of its part, and read before anything is done again.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from latent_xlate.bulk import storage
from latent_xlate.bulk.parts import Rejected, Result

JOB_FILE = "job.json"
PARTS_FOLDER = "parts"


@dataclasses.dataclass(frozen=True)
class Entry:
    """What became of a part.

    Attributes:
        written: Number of instances with a result.
        rejected: The others.
    """

    written: int
    rejected: tuple[Rejected, ...]


@dataclasses.dataclass(frozen=True)
class Ledger:
    """The entries of a job.

    Attributes:
        output: Folder of the job.
    """

    output: str

    def find(self, part: str) -> Entry | None:
        """What became of a part; None if it is not done."""
        path = self._path(part)
        if not storage.exists(path):
            return None
        content = json.loads(storage.read(path))
        return Entry(content["written"], tuple(Rejected(**each) for each in content["rejected"]))

    def add(self, result: Result) -> None:
        """Notes that everything of a part is written."""
        content = {"written": len(result), "rejected": [dataclasses.asdict(each) for each in result.rejected]}
        write_json(self._path(result.name), content)

    def begin(self, job: Mapping[str, Any]) -> None:
        """Notes what the work is, or checks that it is the one that was begun in the folder.

        Raises:
            ValueError: The folder holds other work.
        """
        path = storage.join(self.output, JOB_FILE)
        if storage.exists(path):
            begun = json.loads(storage.read(path))
            differing = [name for name in sorted({*begun, *job}) if begun.get(name) != job.get(name)]
            if differing:
                name = differing[0]
                raise ValueError(
                    f"{self.output} holds work whose {name} is {begun.get(name)}, not {job.get(name)}: "
                    "give another --output, or remove that folder."
                )
        write_json(path, job)

    def _path(self, part: str) -> str:
        return storage.join(self.output, PARTS_FOLDER, f"{part}.json")


def write_json(path: str, content: Any) -> None:
    """Writes JSON as `storage.write` writes files."""
    storage.write(path, lambda local: local.write_text(json.dumps(content, indent=1) + "\n"))
