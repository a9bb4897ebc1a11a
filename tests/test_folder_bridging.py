import json

import numpy as np
import pytest

from latent_xlate import documents, folder_bridging
from latent_xlate.data.class_folders import class_names
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domain_report import Summary
from latent_xlate.translator import Translator
from tests.support import raw
from tests.test_quickstart import Page

NAMES = ("zero", "one", "two")


def write(folder, names=("0", "1", "2"), seed=0, count=60):
    data = digits_like(count, len(names), seed=seed, image_size=16)
    for name, label in zip(names, range(len(names)), strict=True):
        (folder / name).mkdir(parents=True)
        for number in np.flatnonzero(data.labels == label):
            raw.Image.fromarray(data.content[number, ..., 0]).save(folder / name / f"{number}.png")
    return folder


def test_what_does_not_fit_is_refused_before_anything_is_trained(tmp_path):
    digits, shapes = write(tmp_path / "digits"), write(tmp_path / "shapes", ("bar", "beam", "rod"))
    (tmp_path / "plain").mkdir()
    raw.Image.new("L", (16, 16)).save(tmp_path / "plain" / "0.png")
    other = write(tmp_path / "other" / "Digits")
    single, few = write(tmp_path / "single", ("0",), count=30), write(tmp_path / "few", count=12)
    untested = write(tmp_path / "untested", count=18)
    for folders, options, message in (
        ([digits], {}, "A bridge needs two folders or more; given: 1"),
        ([digits, other], {}, "Folders must differ in name.*digits, digits: rename one"),
        ([digits, tmp_path / "nowhere"], {}, "There is no folder .*nowhere"),
        ([digits, tmp_path / "plain"], {}, "plain has no folders of classes"),
        ([digits, single], {}, "single has 1 class folder: expected 2 to 256"),
        ([digits, few], {}, r"few has 12 images \(0 4, 1 4, 2 4\), of which 9 are to train on and 3 to test"),
        ([digits, untested], {}, "untested has 18 images .*, of which 15 .* and 3 to test: .* 4 to test, and of each"),
        ([digits, shapes], {}, "digits has 0, 1, 2; shapes has bar, beam, rod.*--class_map='0=bar,1=beam,2=rod'"),
        ([digits, shapes], {"class_map": "0=bat"}, "Unknown class of 'shapes' 'bat'"),
    ):
        with pytest.raises(ValueError, match=message):
            folder_bridging.bridge_folders(folders, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_output_of_another_pair_is_refused_before_anything_is_trained(tmp_path):
    folders = [write(tmp_path / name) for name in ("digits", "others", "thirds")]
    (tmp_path / "out").mkdir()
    given = {"folders": [str(folder) for folder in folders[:2]], "class_map": None, "seed": 0}
    (tmp_path / "out" / "config.json").write_text(json.dumps(given))
    with pytest.raises(ValueError, match="out holds a run of another configuration .folders: .*thirds.*another folder"):
        folder_bridging.bridge_folders([folders[0], folders[2]], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["config.json"]


def test_names_of_classes_are_those_of_folders_splits_or_the_table(tmp_path):
    write(tmp_path / "a", ("y", "x"))
    assert class_names(tmp_path / "a") == ("x", "y")
    write(tmp_path / "b" / "train", ("y", "x"))
    write(tmp_path / "b" / "test", ("x", "z"))
    assert class_names(tmp_path / "b") == ("x", "y", "z")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "labels.csv").write_text("file,class\n0.png,q\n1.png,p\n2.png,q\n")
    assert class_names(tmp_path / "c") == ("p", "q")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Мои фото", "صور"), ["folder", "folder_2"]),
        (("digits", "数字", "😀"), ["digits", "folder", "folder_3"]),
        (("Мои фото", "My own 2"), ["folder", "my_own_2"]),
        (("2 Äpfel", "Çà et là"), ["folder_2_apfel", "ca_et_la"]),
    ],
)
def test_folders_are_named_in_any_script(names, expected, tmp_path, capsys):
    folders = [write(tmp_path / name) for name in names]
    assert [name for _, name in folder_bridging.name_folders(folders)] == expected


def test_page_says_how_good_each_domain_is_and_leads_to_its_report(tmp_path):
    reports = {
        "digits": Summary("On 9 held-out pictures: accuracy: 1.", ["It takes <b> for *c*."], tmp_path / "report.html"),
        "my_own": Summary(
            "On 8 held-out pictures: accuracy: 0.5.", ["It is blurred.", "Add!"], tmp_path / "report.html"
        ),
    }
    (tmp_path / "index.html").write_text(documents.page(folder_bridging.page_text(reports).values["domains"]))
    page, text = Page(tmp_path / "index.html"), (tmp_path / "index.html").read_text()
    assert (page.open, page.links) == ([], ["domains/digits/report.html", "domains/my_own/report.html"])
    assert "<strong>digits</strong>: It takes &lt;b&gt; for *c*. On 9 held-out pictures: accuracy: 1." in text
    assert "<strong>my_own</strong>: It is blurred. Add! On 8 held-out pictures: accuracy: 0.5." in text


@pytest.mark.slow
def test_two_folders_become_an_exported_translator_that_keeps_the_class(tmp_path, capsys):
    folders = [write(tmp_path / "digits", count=240), write(tmp_path / "words", NAMES, seed=7, count=240)]
    page = folder_bridging.bridge_folders(folders, tmp_path / "out")
    said = capsys.readouterr()
    assert "Classes that belong together: 0=zero, 1=one, 2=two of digits=words" in said.err
    assert page == tmp_path / "out" / "index.html"
    numbers = json.loads((tmp_path / "out" / "metrics.json").read_text())["transfers"]
    assert min(each["label_accuracy"] for each in numbers.values()) > 0.8
    translator = Translator.load(tmp_path / "out" / "run" / "translator")
    data = digits_like(60, 3, seed=50, image_size=16)
    judge = translator.domain("words")
    words = np.array(judge.class_names)[
        np.argmax(judge.classify(translator.translate(data.floats, "digits", "words")), axis=1)
    ]
    assert np.mean(words == np.array(NAMES)[data.labels]) > 0.8
    for part in ("translator/1/saved_model.pb", "domains/digits/report.html", "domains/words/report.html"):
        assert (tmp_path / "out" / part).is_file()
