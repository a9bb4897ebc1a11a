"""Tables as editors and spreadsheets of all systems save them."""

import csv

import pytest

from latent_xlate import spreadsheets

ROWS = [
    {"file": "a.png", "class": "cat, small"},
    {"file": "café.png", "class": 'the "dog"'},
    {"file": "c", "class": ""},
]


def text(separator=",", end="\n", head=("file", "class"), rows=ROWS):
    class Dialect(csv.excel):
        delimiter, lineterminator = separator, end

    lines = []
    writer = csv.writer(type("Lines", (), {"write": lines.append}), Dialect)
    writer.writerows([head, *([row["file"], row["class"]] for row in rows)])
    return "".join(lines)


FORMS = {
    "comma": text().encode(),
    "semicolon": text(";").encode(),
    "tab": text("\t").encode(),
    "declared": b"sep=;\r\n" + text(";", "\r\n").encode(),
    "declared_bar": b'"sep=|"\n' + text("|").encode(),
    "utf8_mark": text(end="\r\n").encode("utf-8-sig"),
    "excel_unicode_text": text("\t", "\r\n").encode("utf-16"),
    "utf16_big_endian": b"\xfe\xff" + text("\t").encode("utf-16-be"),
    "utf32": text().encode("utf-32"),
    "old_mac": text(end="\r").encode(),
    "capitals": text(head=("File", " CLASS ")).encode(),
    "empty_columns": "".join(f"{line},,\n" for line in text().splitlines()).encode(),
    "empty_rows": ("\n,\n" + text() + "\n\n,,,,\n , \n").encode(),
    "no_last_line_end": text().encode().rstrip(b"\n"),
    "index_of_pandas": ("," + "".join(f"{k},{line}\n" for k, line in enumerate(text().splitlines()))[2:]).encode(),
    "spaces": b'file , class\n a.png , "cat, small"\ncaf\xc3\xa9.png, "the ""dog"""\nc,\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_table_is_the_same_in_every_form(form, tmp_path):
    (tmp_path / "table").write_bytes(FORMS[form])
    table = spreadsheets.read(tmp_path / "table", ["file", "class"])
    assert table.columns == ("file", "class")
    assert [row for _, row in table.rows] == ROWS
    table.check_columns(["file", "class"])


def test_lines_are_those_of_the_file(tmp_path):
    (tmp_path / "table").write_text('sep=;\n\nfile;class\na;"two\nlines"\n\nb;"back\\slash"\n')
    table = spreadsheets.read(tmp_path / "table", ["file", "class"])
    assert table.rows == ((4, {"file": "a", "class": "two\nlines"}), (7, {"file": "b", "class": "back\\slash"}))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_other_separators_within_cells_do_not_matter(separator, tmp_path):
    rows = [{"file": "a,b;c\td", "class": "x,;\ty"}] * 3
    (tmp_path / "table").write_text(text(separator, head=("file", "class"), rows=rows))
    read = spreadsheets.read(tmp_path / "table", ["file", "class"]).rows
    assert [row for _, row in read] == [{"file": "a,b;c\td", "class": "x,;\ty"}] * 3


def test_names_that_differ_in_case_alone_are_two(tmp_path):
    (tmp_path / "table").write_text("a,A\n1,2\n")
    assert spreadsheets.read(tmp_path / "table", ["A", "a"]).rows == ((2, {"a": "1", "A": "2"}),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,class\n\ncaf\xe9,1\n", "table, line 3: the text is not UTF-8: save it as UTF-8"),
        (b"\xff\xfea", "the text is not UTF-16: save it as UTF-8"),
        ("file,class\n".encode("utf-16-le"), "in UTF-16 without a mark: save it as UTF-8"),
        (b"file,class\na,b\nc,d,e\n", "line 3: 'e' is to the right of all columns: put text that holds ',' in quotes"),
        (b'file,class\na,b\nc,"d\ne,f\n', "line 3: unexpected end of data: mend the quotes"),
        (b'file,class\n"a"b,c\n', "line 2: .*: mend the quotes"),
        (b"file,class,Class\n", "has 2 columns class: leave one"),
        (b"name,kind\n", "has no column class, file: its columns are 'name', 'kind'"),
        (b"", "has no column class, file: it is empty"),
        (b"\n\n", "has no column class, file: it is empty"),
        (b"sep=;", "it is empty"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(content, message, tmp_path):
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        spreadsheets.read(tmp_path / "table", ["file", "class"]).check_columns(["file", "class"])
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "table"))


def test_what_is_no_file_is_said(tmp_path):
    with pytest.raises(ValueError, match="There is no file .*nowhere"):
        spreadsheets.read(tmp_path / "nowhere", [])
    with pytest.raises(ValueError, match=r"cannot be read \(it is a folder, not a file\)"):
        spreadsheets.read(tmp_path, [])
