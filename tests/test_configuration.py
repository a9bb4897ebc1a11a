"""Configurations: checks, dictionaries and ConfigDicts, and the documentation of fields."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
import pytest
from ml_collections import ConfigDict

from latent_xlate.configuration import Config, documentation, setting


@dataclasses.dataclass(frozen=True)
class Oven(Config):
    """An oven.

    Attributes:
        heat: Temperature in degrees Celsius; a second clause.
        fan: Whether air
            circulates. More of it.
    """

    kind: ClassVar[str] = "cake"
    group: ClassVar[str] = "oven"

    heat: float = setting(180.0, minimum=0)
    fan: bool = setting(False, optional=True)


@dataclasses.dataclass(frozen=True)
class Cake(Config):
    """A cake."""

    kind: ClassVar[str] = "cake"

    flavour: str = setting("lemon", choices=("lemon", "chocolate"))
    layers: tuple[int, ...] = setting((20, 15), minimum=1)
    candles: int | None = setting(None, minimum=1)
    oven: Oven = setting(Oven())
    spare: Oven | None = setting(None, optional=True)
    name: str | None = setting(None, optional=True)


def test_dictionary_is_complete_but_for_what_is_optional_and_none_and_turns_back():
    assert Cake().to_dict() == {
        "flavour": "lemon",
        "layers": (20, 15),
        "candles": None,
        "oven": {"heat": 180.0, "fan": False},
    }
    cake = Cake("chocolate", (30,), 4, Oven(200.0, True), Oven(1.0), "Ada")
    assert Cake.from_dict(cake.to_dict()) == cake
    assert Cake.from_dict({**cake.to_dict(), "layers": [30]}) == cake  # As in JSON.


def test_config_dict_takes_overrides_of_the_right_type_and_turns_back():
    config = Cake().to_config_dict()
    config.lock()
    assert Cake.of(config) == Cake()
    config.candles = 7  # A placeholder.
    config.oven.heat = 200
    config.layers = (10,)
    assert Cake.of(config) == Cake(layers=(10,), candles=7, oven=Oven(200.0))
    config.candles = None
    assert Cake.of(config).candles is None
    for name, value in {"candles": "many", "flavour": 3}.items():
        with pytest.raises(TypeError):
            config[name] = value
    with pytest.raises(AttributeError):
        config.colour = "red"
    with_name = Cake(name="Ada", spare=Oven(1.0)).to_config_dict()
    assert (with_name.name, with_name.spare.heat) == ("Ada", 1.0)
    assert Cake.of(Cake(candles=3)) == Cake(candles=3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"flavour": "lemmon"}, "Unknown flavour 'lemmon'. Did you mean 'lemon'"),
        ({"layers": (20, 0)}, "The smallest of layers is 0; it must be 1 or more"),
        ({"layers": ()}, "The smallest of layers is 0"),
        ({"candles": 0}, "candles is 0; it must be 1 or more"),
        ({"oven": {"heat": -1, "fan": True}}, "oven.heat is -1; it must be 0 or more"),
        ({"oven": {"heat": float("nan")}}, "oven.heat is nan"),
        ({"oven": {"heat": 1, "fam": True}}, "Unknown setting of oven 'fam'. Did you mean 'fan'"),
        ({"flavour": None}, "flavour is None; it must be a string"),
        ({"flavour": 3}, "flavour is 3; it must be a string"),
        ({"layers": None}, "layers is None; it must be a tuple of whole numbers"),
        ({"layers": 20}, "layers is 20; it must be a tuple of whole numbers"),
        ({"layers": (20, 1.5)}, r"layers is \(20, 1.5\); it must be a tuple of whole numbers"),
        ({"candles": "many"}, "candles is 'many'; it must be a whole number or None"),
        ({"candles": 2.5}, "candles is 2.5; it must be a whole number or None"),
        ({"candles": True}, "candles is True; it must be a whole number or None"),
        ({"oven": 5}, "oven is 5; it must be a dictionary of settings"),
        ({"oven": None}, "oven is None; it must be a dictionary of settings"),
        ({"spare": "hot"}, "spare is 'hot'; it must be a dictionary of settings or None"),
        ({"oven": {"heat": "hot"}}, "oven.heat is 'hot'; it must be a number"),
        ({"oven": {"heat": 1, "fan": 1}}, "oven.fan is 1; it must be True or False"),
        ({"flavor": "lemon"}, "Unknown field of the configuration 'flavor'. Did you mean 'flavour'"),
        ({"oven": {}}, "not one of a cake: it has no oven.heat"),
    ],
)
def test_values_that_do_not_fit_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Cake.from_dict({**Cake().to_dict(), **values})


def test_values_of_other_types_that_say_the_same_are_taken():
    cake = Cake(layers=[np.int64(20)], candles=np.int32(3), oven=Oven(200))
    assert cake == Cake(layers=(20,), candles=3, oven=Oven(200.0))
    assert isinstance(cake.layers, tuple)


def test_fields_of_a_group_are_replaced_one_by_one():
    cake = Cake(oven=Oven(200.0, True))
    assert cake.replaced({"candles": 2, "oven": {"heat": 150.0}}) == Cake(candles=2, oven=Oven(150.0, True))
    assert cake.replaced({"spare": {"heat": 1.0}}).spare == Oven(1.0)
    with pytest.raises(ValueError, match="Unknown setting of oven 'heet'. Did you mean 'heat'"):
        cake.replaced({"oven": {"heet": 1.0}})


@pytest.mark.parametrize("config", [None, 5, Oven()])
def test_what_is_no_configuration_is_refused(config):
    with pytest.raises(ValueError, match="is not a configuration of a cake: give a Cake, a ConfigDict"):
        Cake.of(config)


def test_missing_fields_are_all_named():
    with pytest.raises(
        ValueError, match="^The configuration is not one of a cake: it has no candles, flavour, layers.$"
    ):
        Cake.from_dict(ConfigDict({"oven": {"heat": 1.0}}).to_dict())


def test_fields_are_taken_out_of_keywords():
    keywords = {"heat": 3.0, "dtype": "float32"}
    assert Oven.taken_from(keywords) == Oven(3.0)
    assert keywords == {"dtype": "float32"}


def test_documentation_is_the_first_sentence_of_the_docstring():
    assert documentation(Oven) == {
        "heat": ("float", "Temperature in degrees Celsius."),
        "fan": ("bool", "Whether air circulates."),
    }

    def bake(cake: Cake, minutes: int = 30) -> None:
        """Bakes.

        Args:
            cake: The cake.
            minutes: Time in the oven, by experience.

        Raises:
            ValueError: Never.
        """

    assert documentation(bake) == {
        "cake": ("Cake", "The cake."),
        "minutes": ("int", "Time in the oven, by experience."),
    }
