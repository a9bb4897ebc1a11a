"""The numbers of a reproduction in one file, from which another goes on without training anew.

    python -m latent_xlate.reproduction.kept_numbers out/paper docs/reproduction

writes `docs/reproduction/numbers.json`. A copy of it in the --output of `reproduce` stands for the runs and
measurements that it holds.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from latent_xlate import files

FILE = "numbers.json"


@dataclasses.dataclass(frozen=True)
class KeptNumbers:
    """The numbers.

    Attributes:
        runs: By name of the run {"config": its configuration, "metrics": its evaluation}.
        measurements: Further results by name.
    """

    runs: Mapping[str, Mapping[str, Any]]
    measurements: Mapping[str, Any]

    @classmethod
    def load(cls, output: str | os.PathLike) -> Self:
        """Reads `numbers.json` of a folder; without one there are no numbers.

        Raises:
            ValueError: The file is damaged.
        """
        path = Path(output) / FILE
        if not path.exists():
            return cls({}, {})
        try:
            content = files.read_json(path)
            return cls(dict(content["runs"]), dict(content["measurements"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} holds no numbers of a reproduction, or is damaged ({error}).") from None

    @classmethod
    def collect(cls, output: str | os.PathLike) -> Self:
        """The numbers of a reproduction's folder: those of its `numbers.json`, and of the runs that have ended."""
        output, kept = Path(output), cls.load(output)
        runs = {
            path.parent.name: {
                "config": files.read_json(path.with_name("config.json")),
                "metrics": files.read_json(path),
            }
            for path in output.glob("runs/*/metrics.json")
        }
        measurements = {path.stem: files.read_json(path) for path in output.glob("measurements/[!.]*.json")}
        return cls({**kept.runs, **runs}, {**kept.measurements, **measurements})

    def write(self, output: str | os.PathLike) -> Path:
        """Writes `numbers.json` into a folder, one run or measurement a line, sorted by name."""
        groups = {"measurements": self.measurements, "runs": self.runs}
        text = ",\n".join(f'"{name}": {{\n{_lines(entries)}\n}}' for name, entries in groups.items())
        return files.write_atomically(
            Path(output) / FILE, lambda path: path.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
        )


def _lines(entries: Mapping[str, Any]) -> str:
    compact = {name: json.dumps(entry, separators=(",", ":")) for name, entry in entries.items()}
    return ",\n".join(f'"{name}": {compact[name]}' for name in sorted(compact))


if __name__ == "__main__":
    KeptNumbers.collect(sys.argv[1]).write(sys.argv[2])
