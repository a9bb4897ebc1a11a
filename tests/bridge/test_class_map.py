import json

import numpy as np
import pytest

from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.bridge_training import train_bridge
from latent_xlate.translator import Translator
from tests.support import shipped, tiny
from tests.support.oracle import VectorDomain


def domain(name, *class_names):
    made = VectorDomain(name, 4)
    made.class_names = class_names
    return made


DIGITS = domain("digits", "0", "1", "2", "3")
WORDS = domain("words", "one", "zero", "two", "three")
PARITY = domain("parity", "even", "odd")


def test_by_label_unless_told():
    assert ClassMap.by_label([DIGITS, WORDS]).groups == ((0, 1, 2, 3), (0, 1, 2, 3))
    assert ClassMap.by_label([DIGITS, domain("unlabelled")]).groups == ((0, 1, 2, 3), ())
    assert ClassMap.by_label([domain("a"), domain("b")]).num_groups == 1
    with pytest.raises(ValueError, match=r"or a class map \(--class_map\); these have .*'digits': 4, 'parity': 2"):
        ClassMap.by_label([DIGITS, PARITY])


def test_one_to_one():
    class_map = ClassMap.read("0=zero,1=one, 2=two ,3=three", [DIGITS, WORDS])
    assert class_map.groups == ((0, 1, 2, 3), (1, 0, 2, 3))
    np.testing.assert_array_equal(class_map.shared(1, np.array([0, 1, 3, -1])), [1, 0, 3, -1])


def test_many_to_one_and_one_to_many():
    there = ClassMap.read("0=even,2=even,1=odd,3=odd", [DIGITS, PARITY])
    assert (there.groups, there.num_groups) == (((0, 1, 0, 1), (0, 1)), 2)
    back = ClassMap.read("even=0,even=2,odd=1,odd=3", [PARITY, DIGITS])
    assert back.groups == ((0, 1), (0, 1, 0, 1))


def test_chains_are_one_bin():
    class_map = ClassMap.read("0=zero,0=one,1=one,2=two,3=three", [DIGITS, WORDS])
    assert class_map.groups == ((0, 0, 1, 2), (0, 0, 1, 2))


def test_what_nothing_belongs_to_is_left_out():
    class_map = ClassMap.read("0=zero,1=one", [DIGITS, WORDS])
    assert class_map.groups == ((0, 1, -1, -1), (1, 0, -1, -1))
    assert class_map.left_out([DIGITS, WORDS]) == ["2 of digits", "3 of digits", "two of words", "three of words"]


def test_files_say_the_same_as_pairs(tmp_path):
    pairs = ClassMap.read("0=zero,1=one,2=two,3=three,3=two", [DIGITS, WORDS])
    content = {"0": "zero", "1": "one", "2": "two", "3": ["three", "two"]}
    (tmp_path / "map.json").write_text(json.dumps(content))
    (tmp_path / "map.csv").write_text("words,digits\nzero,0\none,1\ntwo,2\nthree,3\ntwo,3\n", encoding="utf-8-sig")
    (tmp_path / "map.txt").write_text(
        "sep=;\nWords;DIGITS;\nzero;0\none;1\ntwo;2\nthree;3\ntwo;3\n;\n", encoding="utf-16"
    )
    for name in ("map.json", "map.csv", "map.txt"):
        assert ClassMap.read(str(tmp_path / name), [DIGITS, WORDS]) == pairs


def test_table_joins_any_number_of_domains(tmp_path):
    (tmp_path / "map.csv").write_text("digits,words,parity\n0,zero,even\n2,two,even\n1,one,odd\n3,,odd\n")
    class_map = ClassMap.read(str(tmp_path / "map.csv"), [DIGITS, WORDS, PARITY])
    assert class_map.groups == ((0, 1, 0, 1), (1, 0, 0, -1), (0, 1))


def test_several_classes_of_a_pair_stand_between_slashes_as_a_pairing_is_printed():
    expected = ClassMap.read("0=even,2=even,1=odd,3=odd", [DIGITS, PARITY])
    assert ClassMap.read("0/2=even,1/3=odd", [DIGITS, PARITY]) == expected
    assert ClassMap.read("even=0/2,odd=1/3", [PARITY, DIGITS]).groups == expected.groups[::-1]
    slashed = domain("slashed", "a/b", "a")
    assert ClassMap.read("a/b=even,a=odd", [slashed, PARITY]).groups == ((0, 1), (0, 1))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("0/9=even", "class_map: Unknown class of 'digits' '9'"),
        (
            "0=zer,1=one",
            "class_map: Unknown class of 'words' 'zer'. Did you mean 'zero'\\? Known: one, three, two, zero",
        ),
        ("9=zero", "class_map: Unknown class of 'digits' '9'"),
        ("nothing.csv", "class_map: There is no file nothing.csv; pairs are written CLASS=CLASS"),
        ("0=zero,", "class_map: = is no pair of classes"),
        ("0=", "class_map: 0= is no pair of classes"),
    ],
)
def test_bad_pairs_are_refused_in_one_sentence(source, message):
    with pytest.raises(ValueError, match=message):
        ClassMap.read(source, [DIGITS, WORDS])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("map.json", "{", "map.json cannot be read"),
        ("map.json", "[1]", "it holds no object"),
        ("map.json", '{"0": "zro"}', "Unknown class of 'words' 'zro'. Did you mean 'zero'"),
        ("map.json", '{"0": "zero", "0": "one"}', "'0' is there twice: give it a list of classes"),
        ("map.json", "[" * 100000, "map.json cannot be read"),
        ("map.csv", "", "map.csv has no column digits, words"),
        ("map.csv", "digits,words\n0,zero\n1,one,two\n", "line 3: 'two' is to the right of all columns"),
        ("map.csv", "digits,words,digits\n0,zero,1\n", "map.csv has 2 columns digits: leave one"),
        ("map.csv", "digits,word\n0,zero\n", "Unknown domain 'word'. Did you mean 'words'"),
        ("map.csv", "digits\n0\n", "map.csv has no column words"),
        ("map.csv", "digits,words\n0,nine\n", "line 2: Unknown class of 'words' 'nine'"),
        ("map.csv", "\xff", "map.csv"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(name, content, message, tmp_path):
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=message) as raised:
        ClassMap.read(str(tmp_path / name), [DIGITS, WORDS])
    assert "\n" not in str(raised.value)


def test_pairs_may_be_longer_than_the_name_of_a_file():
    names = [f"class{number}" for number in range(100)]
    classes = domain("a", *names), domain("b", *names)
    class_map = ClassMap.read(",".join(f"{name}={name}" for name in names), classes)
    assert class_map == ClassMap.by_label(classes)


def test_pairs_are_for_two_domains():
    with pytest.raises(ValueError, match="digits, words, parity: give a CSV file with a column for each"):
        ClassMap.read("0=zero", [DIGITS, WORDS, PARITY])


# ---- In training ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def savedmodels(tmp_path_factory):
    return shipped.write(tmp_path_factory.mktemp("savedmodels"))


def centres(latents):
    return np.stack([latents.mu[latents.labels == label].mean(axis=0) for label in range(shipped.NUM_CLASSES)])


@pytest.mark.long
def test_bridge_learns_the_classes_that_the_map_puts_together(savedmodels, tmp_path):
    config = shipped.config(savedmodels, num_steps=600, batch_size=50, learning_rate=0.02, steps_per_log=300)
    config.model.update({"beta_cls": 3.0, "hidden_units": (32, 32)})
    turned = {str(label): str((label + 3) % 10) for label in range(10)}
    with config.unlocked():
        config.class_map = ",".join(f"{a}={b}" for a, b in turned.items())
    translator = train_bridge(config, tmp_path / "run")
    source, target = shipped.latents("digits", 100, seed=3), shipped.latents("clothes", 100, seed=4)
    z = np.asarray(translator.bridge.translate(source.mu, 0, 1))
    nearest = np.argmin(np.linalg.norm(z[:, None] - centres(target), axis=-1), axis=1)
    assert np.mean(nearest == (source.labels + 3) % 10) > 0.9
    assert json.loads((tmp_path / "run" / "config.json").read_text())["class_map"] == config.class_map

    again = Translator.load(translator.save(tmp_path / "translator"))
    assert again.class_map == translator.class_map
    np.testing.assert_array_equal(again.shared_classes(np.array([3, 4, 2, -1]), "clothes"), [0, 1, 9, -1])


def test_bridge_has_as_many_classes_as_there_are_groups(savedmodels, tmp_path):
    config = shipped.config(savedmodels, num_steps=10)
    with config.unlocked():
        config.class_map = ",".join(f"{label}={label}" for label in range(10)) + ",0=5"
    bridge = train_bridge(config, tmp_path).bridge
    assert bridge.num_classes == 9


def test_left_out_classes_are_named_or_learnt_as_unlabelled(savedmodels, tmp_path):
    config = shipped.config(savedmodels, num_steps=10)
    with config.unlocked():
        config.class_map = ",".join(f"{label}={label}" for label in range(9))
    with pytest.raises(ValueError, match="nothing belongs to 9 of digits, 9 of clothes. Add a line for each, or take"):
        train_bridge(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    config.sampling = "mixed"
    bridge = train_bridge(config, tmp_path / "run").bridge
    assert bridge.num_classes == 9


def test_few_labels_are_as_many_of_each_class_of_a_domain(savedmodels, tmp_path):
    config = shipped.config(savedmodels, num_steps=10, labels_per_class=2, sampling="mixed")
    with config.unlocked():
        config.class_map = ",".join(f"{label}={label}" for label in range(10)) + ",0=5"
    train_bridge(config, tmp_path)
    seen = json.loads((tmp_path / "labelled.json").read_text())
    for name, indices in seen.items():
        assert np.bincount(shipped.latents(name, 200, seed=1).labels[indices]).tolist() == [2] * 10


def test_unlabelled_domain_is_bridged_to_a_labelled_one(savedmodels, tmp_path):
    plain = tiny.image_domain("plain", 5, classifier=False)
    plain.class_names = ()
    plain.save(tmp_path / "plain")
    of = shipped.latents("clothes", 60)
    type(of)(of.mu, of.sigma, np.full(60, -1, np.int32)).save(tmp_path / "plain" / "latents_train.npz")
    config = shipped.config(savedmodels, num_steps=10)
    config.domains = (str(savedmodels / "digits"), str(tmp_path / "plain"))
    with pytest.raises(ValueError, match="unlabelled instances; use sampling 'uniform'"):
        train_bridge(config, tmp_path / "run")
    config.sampling = "uniform"
    bridge = train_bridge(config, tmp_path / "run").bridge
    assert bridge.num_classes == 10
