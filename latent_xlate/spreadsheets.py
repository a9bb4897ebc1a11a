"""Tables that people write with an editor or a spreadsheet, in any form that these save as text."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import os
import re
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from latent_xlate import folders

SEPARATORS = (",", ";", "\t")
"""Separators of cells that are recognised; a first line `sep=` may name another."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # Before UTF-16, whose mark it begins with.
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encoding of a file by the byte-order mark that it begins with."""

_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n" ])"?[,;\t ]*(\r\n|\r|\n|$)', re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table whose first line has the headings.

    Attributes:
        path: The file.
        columns: Headings of the columns, from the left; columns without one are left out.
        rows: The number of each row's first line in the file, and its cells by column, stripped of spaces and "" where
            the row ends early. Rows without any text are left out.
    """

    path: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    def check_columns(self, names: Sequence[str]) -> None:
        """Raises ValueError if the table does not have all of the columns."""
        missing = sorted(set(names) - set(self.columns))
        if missing:
            found = (
                f"its columns are {', '.join(map(reprlib.repr, self.columns[:8]))}" if self.columns else "it is empty"
            )
            raise ValueError(
                f"{self.path} has no column {', '.join(missing)}: {found}. The first line names the columns: "
                f"{', '.join(names)}."
            )


def read(path: str | os.PathLike, names: Sequence[str]) -> Table:
    """Reads a table.

    Commas, semicolons or tabs separate its cells. It may have other columns, and be in UTF-8, or in UTF-16 or UTF-32
    with a byte-order mark.

    Args:
        path: The file.
        names: Headings that are looked for, in whatever case the table has them.

    Raises:
        ValueError: There is no such file, it is no text, has a quote that is not closed, two columns of one of the
            names, or a cell to the right of all columns.
    """
    text = read_text(path)
    separator, lines_before = "", 0
    if declared := _SEPARATOR_LINE.match(text):
        separator, text, lines_before = declared[1], text[declared.end() :], 1
    separator = separator or _guess_separator(text, names)
    records = _records(text, separator, f"{path}", lines_before)
    columns = _columns(next(records, (0, []))[1], names)
    for name in names:
        if columns.count(name) > 1:
            raise ValueError(f"{path} has {columns.count(name)} columns {name}: leave one.")
    rows = []
    for line, cells in records:
        beyond = [cell for cell in cells[len(columns) :] if cell]
        if beyond:
            raise ValueError(
                f"{path}, line {line}: {reprlib.repr(beyond[0])} is to the right of all columns: put text that holds "
                f"{separator!r} in quotes, or give the column a heading."
            )
        cells += [""] * (len(columns) - len(cells))
        rows.append((line, {column: cell for column, cell in zip(columns, cells, strict=False) if column}))
    return Table(f"{path}", tuple(filter(None, columns)), tuple(rows))


def read_text(path: str | os.PathLike) -> str:
    """Reads a text in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark, without the mark.

    Other encodings are refused rather than guessed, since a wrong guess would change names.

    Raises:
        ValueError: There is no such file, or it is no such text.
    """
    try:
        folders.check_file(path)
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read ({folders.fault(error)}).") from None
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    advice = "save it as UTF-8 (in Excel, as CSV UTF-8)"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        raise ValueError(
            f"{path}, line {line}: the text is not {encoding.upper()[:6].rstrip('-')}: {advice}."
        ) from None
    if "\0" in text:
        raise ValueError(f"{path} has zero bytes, so it is no text, or one in UTF-16 without a mark: {advice}.")
    return text


def _guess_separator(text: str, names: Sequence[str]) -> str:
    """Returns the separator with which the first line has most of the names, and of these the most cells."""

    def cells(separator: str) -> tuple[int, int]:
        try:
            _, head = next(_records(text, separator, "", 0), (0, []))
        except ValueError:
            return 0, 0
        return len(set(_columns(head, names)) & set(names)), len(head)

    return max(SEPARATORS, key=cells)


def _records(text: str, separator: str, path: str, lines_before: int) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of the first line and the cells of each record with text."""
    # `strict`, since a quote that is not closed would swallow the lines below it.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    line = lines_before + 1
    try:
        for record in lines:
            cells = [cell.strip() for cell in record]
            if any(cells):
                yield line, cells
            line = lines_before + lines.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {line}: {error}: mend the quotes.") from None


def _columns(head: Sequence[str], names: Sequence[str]) -> list[str]:
    """Spells headings as `names` does where they differ in case alone; drops empty ones on the right."""
    spelt = {name.casefold(): name for name in reversed(names)}
    columns = [heading if heading in names else spelt.get(heading.casefold(), heading) for heading in head]
    while columns and not columns[-1]:
        columns.pop()
    return columns
