"""Tables of labels: written, filled in, read; and what is wrong with one is said."""

import csv

import numpy as np
import pytest

from latent_xlate.few_labels import label_file
from tests.support import tiny

HEAD = "domain,latents,index,class\n"


@pytest.fixture(scope="module")
def domains():
    return [tiny.image_domain("digits", 6), tiny.image_domain("clothes", 5)]


def read(path, domains):
    return label_file.read(path, domains, ["shipped", "dataset"], [5, 4])


def test_table_filled_in_comes_back_as_labels(domains, tmp_path):
    path = label_file.write(
        tmp_path / "labels.csv", [("digits", "shipped", 4), ("clothes", "dataset", 0), ("digits", "shipped", 1)]
    )
    for labels in read(path, domains):
        assert set(labels) == {-1}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["class"], rows[1]["class"] = "7", " 3 "
    with path.open("w", newline="", encoding="utf-8-sig") as file:  # As a spreadsheet does.
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    digits, clothes = read(path, domains)
    np.testing.assert_array_equal(digits, [-1, -1, -1, -1, 7])
    np.testing.assert_array_equal(clothes, [3, -1, -1, -1])


def test_table_that_a_spreadsheet_saved_is_read(domains, tmp_path):
    text = "Domain\tLatents\tIndex\tClass\t\r\ndigits\tshipped\t2\t7\t\r\n\t\t\t\t\r\n"
    (tmp_path / "labels.csv").write_bytes(text.encode("utf-16"))
    digits, _ = read(tmp_path / "labels.csv", domains)
    np.testing.assert_array_equal(digits, [-1, -1, 7, -1, -1])


def test_kinds_of_latents_go_by_their_earlier_names_too(domains, tmp_path):
    (tmp_path / "labels.csv").write_text(HEAD + "digits,dataset+shifted,2,7\n")
    with pytest.warns(FutureWarning, match="latents=dataset.shifted is now called latents=dataset.augmented"):
        digits, _ = label_file.read(tmp_path / "labels.csv", domains, ["dataset+augmented", "dataset"], [5, 4])
    np.testing.assert_array_equal(digits, [-1, -1, 7, -1, -1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "has no column class, domain, index, latents: its columns are 'a', 'b'"),
        ("", "has no column class, domain, index, latents: it is empty"),
        (HEAD + "digits,shipped,0,1,2\n", "line 2: '2' is to the right of all columns"),
        (HEAD + "digit,shipped,0,1\n", "line 2: Unknown domain 'digit'. Did you mean 'digits'"),
        (HEAD + "digits,shipped,0,1\ndigits,shipped,1,x\n", "line 3: Unknown class 'x'"),
        (HEAD + "digits,dataset,0,1\n", "line 2: latents is 'dataset', and the training's are 'shipped'"),
        (HEAD + "digits,shipped,5,1\n", "line 2: index is '5'; it must be from 0 to 4"),
        (HEAD + "digits,shipped,-1,1\n", "line 2: index is '-1'"),
        (HEAD + "digits,shipped,0,1\ndigits,shipped,0,2\n", "line 3: instance 0 of digits has two classes, 1 too"),
    ],
)
def test_table_that_does_not_fit_is_refused(content, message, domains, tmp_path):
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "labels.csv", domains)


def test_file_that_is_no_table_is_refused(domains, tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(ValueError, match="labels.csv, line 1: the text is not UTF-8"):
        read(tmp_path / "labels.csv", domains)
    with pytest.raises(ValueError, match="There is no file .*nowhere.csv"):
        read(tmp_path / "nowhere.csv", domains)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("plain,shipped,0,boot\nplain,shipped,1, bag\nplain,shipped,2,boot\n", ("bag", "boot")),
        # Those of another domain, in its order, which is not that of the alphabet.
        ("".join(f"plain,shipped,{k},{k}\n" for k in range(11)), tuple(map(str, range(11)))),
    ],
)
def test_domain_without_classes_gets_those_of_the_table(rows, names, tmp_path):
    digits, plain = tiny.image_domain("digits", 6, classifier=False), tiny.image_domain("plain", 5, classifier=False)
    digits.class_names, plain.class_names = tuple(map(str, range(11))), ()
    path = tmp_path / "labels.csv"
    path.write_text(HEAD + "digits,shipped,0,1\n" + rows)
    same, named = label_file.assign_class_names(path, [digits, plain])
    assert same is digits
    assert digits.class_names == tuple(map(str, range(11)))
    assert (named.class_names, named.name, named.networks) == (names, "plain", plain.networks)
    assert plain.class_names == ()
    seen = label_file.read(path, [digits, named], ["shipped"] * 2, [11, 11])[1]
    given = [names.index(row.split(",")[3].strip()) for row in rows.splitlines()]
    np.testing.assert_array_equal(seen, given + [-1] * (11 - len(given)))


@pytest.mark.parametrize(
    ("rows", "message"), [("", "no class for domain 'plain'"), ("plain,shipped,0,boot\n", "no class but boot")]
)
def test_table_of_one_class_or_none_names_no_classes(rows, message, tmp_path):
    plain = tiny.image_domain("plain", 5, classifier=False)
    plain.class_names = ()
    (tmp_path / "labels.csv").write_text(HEAD + rows)
    with pytest.raises(ValueError, match=message):
        label_file.assign_class_names(tmp_path / "labels.csv", [plain])
