import numpy as np
import pytest

from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.bridge.class_pairing import describe, is_by_label, pair_classes
from latent_xlate.bridge_training import train_bridge
from latent_xlate.domains.domain import Domain
from latent_xlate.translator import Translator
from tests.support import shipped
from tests.support.oracle import VectorDomain

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = ("eight", "five", "four", "nine", "one", "seven", "six", "three", "two", "zero")


def domain(name, *class_names, dataset=None):
    made = VectorDomain(name, 4)
    made.class_names, made.dataset = class_names, dataset or name
    return made


def pairs(first, second):
    groups = pair_classes([domain("a", *first), domain("b", *second)]).groups
    return {name: second[groups[1].index(group)] for name, group in zip(first, groups[0], strict=True)}


def test_number_words_in_alphabetical_order_are_paired_with_digits():
    found = pairs([str(digit) for digit in range(10)], WORDS)
    assert found == {
        "0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven",
        "8": "eight", "9": "nine",
    }  # fmt: skip


def test_case_spaces_and_zeros_before_a_number_do_not_matter():
    assert pairs(("Zero", "T shirt", "ÄRGER", "07"), ("ärger", "7", "t-shirt", " 0 ")) == {
        "Zero": " 0 ", "T shirt": "t-shirt", "ÄRGER": "ärger", "07": "7",
    }  # fmt: skip


def test_names_that_would_become_one_are_compared_as_they_are():
    assert pairs(("a", "A", "0"), ("0", "A", "a")) == {"a": "a", "A": "A", "0": "0"}
    with pytest.raises(ValueError, match="a has a, A; b has a, 1"):
        pairs(("a", "A"), ("a", "1"))


def test_any_number_of_domains_and_those_without_classes():
    domains = [domain("a", "x", "y"), domain("unlabelled"), domain("b", "Y", "X"), domain("c", "x", "y")]
    class_map = pair_classes(domains)
    assert class_map.groups == ((0, 1), (), (1, 0), (0, 1))
    assert describe(class_map, domains) == "x=X=x, y=Y=y of a=b=c"
    np.testing.assert_array_equal(class_map.shared(2, np.array([0, 1, -1])), [1, 0, -1])


def test_data_sets_of_the_paper_belong_together_by_label():
    digits = domain("mine", "0", "1", dataset="mnist")
    clothes = domain("other", "T-shirt", "Trouser", dataset="fashion_mnist")
    class_map = pair_classes([digits, clothes])
    assert class_map == ClassMap.by_label([digits, clothes])
    assert describe(class_map, [digits, clothes]) == "0=T-shirt, 1=Trouser of mine=other"
    with pytest.raises(ValueError, match="not the same by name"):
        pair_classes([digits, domain("third", "T-shirt", "Trouser")])


def test_other_names_are_refused_with_both_lists_and_a_map_to_copy():
    shapes, letters = domain("shapes", "circle", "square", "a"), domain("letters", "A", "B", "C")
    with pytest.raises(ValueError) as error:
        pair_classes([shapes, letters])
    assert str(error.value) == (
        "The classes of shapes and letters are not the same by name (shapes has circle, square, a; letters has "
        "A, B, C): say which belong together, for instance by --class_map='circle=B,square=C,a=A', or "
        "--class_map=by_label for those of the same place."
    )
    copied = ClassMap.read("circle=B,square=C,a=A", [shapes, letters])
    assert copied.groups == ((0, 1, 2), (2, 0, 1))


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r"even, odd\).*--class_map='0=even,1=odd'\.$"):
        pair_classes([domain("digits", "0", "1", "2"), domain("parity", "even", "odd")])
    domains = [domain("a", "x"), domain("b", "x"), domain("c", "x", "y")]
    with pytest.raises(ValueError, match=r"a has x; c has x, y.*--class_map=FILE, a CSV file with a column for each"):
        pair_classes(domains)


def test_description_says_what_has_no_partner_and_stays_short():
    digits, parity = domain("digits", "0", "1", "2", "3"), domain("parity", "even", "odd")
    class_map = ClassMap.read("0=even,2=even,1=odd", [digits, parity])
    assert describe(class_map, [digits, parity]) == ("0/2=even, 1=odd, without a partner 3 of digits of digits=parity")
    many = [domain(name, *map(str, range(1000))) for name in "ab"]
    assert describe(pair_classes(many), many).endswith("19=19, and 980 more of a=b")
    assert describe(ClassMap.by_label([domain("a"), domain("b")]), [domain("a"), domain("b")]) == ""


def test_only_the_order_itself_is_by_label():
    assert is_by_label(ClassMap(((0, 1), (), (0, 1))))
    assert not is_by_label(ClassMap(((0, 1), (1, 0))))
    assert not is_by_label(ClassMap(((0, -1), (0, -1))))


@pytest.mark.long
def test_bridge_learns_classes_by_their_names_and_the_translator_keeps_the_pairs(tmp_path, capsys):
    shipped.write(tmp_path)
    clothes = Domain.load(tmp_path / "clothes")
    clothes.class_names = WORDS  # Label 0 is "eight".
    clothes.save(tmp_path / "clothes")
    config = shipped.config(tmp_path, num_steps=600, batch_size=50, learning_rate=0.02, steps_per_log=300)
    config.model.update({"beta_cls": 3.0, "hidden_units": (32, 32)})
    translator = train_bridge(config, tmp_path / "run")
    printed = "0=zero, 1=one, 2=two, 3=three, 4=four, 5=five, 6=six, 7=seven, 8=eight, 9=nine of digits=clothes"
    assert f"Classes that belong together: {printed}\n" in capsys.readouterr().err

    source, target = shipped.latents("digits", 100, seed=3), shipped.latents("clothes", 100, seed=4)
    z = np.asarray(translator.bridge.translate(source.mu, 0, 1))
    centres = np.stack([target.mu[target.labels == label].mean(axis=0) for label in range(10)])
    nearest = np.argmin(np.linalg.norm(z[:, None] - centres, axis=-1), axis=1)
    right = [WORDS[label] == DIGITS[digit] for label, digit in zip(nearest, source.labels, strict=True)]
    assert np.mean(right) > 0.9

    folder = translator.save(tmp_path / "translator")
    assert Translator.load(folder).class_map == pair_classes(list(translator.domains.values()))
    card = (folder / "MODEL_CARD.md").read_text()
    assert f"Classes that belong together: {printed}." in card
    assert "| clothes | clothes | images [28, 28, 1] | 5 | 10 |" in card
