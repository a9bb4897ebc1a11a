"""`import latent_xlate as lx`: what a user sees first."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import latent_xlate as lx
from tests.support import own_models, tiny

SOURCE = Path(inspect.getfile(lx))


def run(code: str) -> str:
    """What a new process prints that runs `code`."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_import_alone_imports_neither_tensorflow_nor_keras():
    code = (
        "import sys, latent_xlate as lx; dir(lx); print(lx.__version__, {'tensorflow', 'keras'} & sys.modules.keys())"
    )
    assert run(code).split() == [lx.__version__, "set()"]


def test_every_public_name_is_there_and_comes_from_the_module_that_type_checkers_see():
    block = next(node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If))
    seen = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in block.body for alias in node.names}
    assert sorted([*seen, "__version__"]) == sorted(lx.__all__) == dir(lx)
    for name, path in seen.items():
        value = getattr(lx, name)
        assert path == (value.__name__ if inspect.ismodule(value) else f"{value.__module__}.{value.__name__}")


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'latent_xlate' has no attribute 'Bridges'"):
        lx.Bridges  # noqa: B018


@pytest.mark.long
def test_using_any_name_registers_all_classes_with_keras():
    names = ["BridgingVAE", "ImageDomain", "SpeechDomain", "KerasDomain", "SavedModelDomain", "CycleGAN", "FusedAdam"]
    code = (
        "import latent_xlate as lx; lx.list_domains; import keras; "
        f"print(*(keras.saving.get_registered_object('latent_xlate>' + name).__name__ for name in {names}))"
    )
    assert run(code).split() == names


def test_shipped_domains_are_listed_and_load():
    assert lx.list_domains() == [
        "emoji",
        "fashion_mnist",
        "letters",
        "mnist",
        "mnist_b",
        "spoken_digit",
        "spoken_digit_ar",
    ]
    domain = lx.load_domain("mnist")
    assert isinstance(domain, lx.Domain)
    assert domain.name == "mnist"


# ---- What is no argument ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def translator():
    return tiny.translator()


@pytest.fixture(scope="module")
def own():
    return lx.KerasDomain.of("own", own_models.decoder())


@pytest.mark.parametrize("bad", [None, 3])
@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("name_or_path", lambda bad, translator, own: lx.load_domain(bad)),
        ("folder", lambda bad, translator, own: lx.Domain.load(bad)),
        ("folder", lambda bad, translator, own: own.save(bad)),
        ("folder", lambda bad, translator, own: lx.Translator.load(bad)),
        ("folder", lambda bad, translator, own: translator.save(bad)),
        ("base", lambda bad, translator, own: lx.export(translator, bad)),
        ("workdir", lambda bad, translator, own: lx.train_bridge("mnist_fashion_mnist:quick", bad)),
        ("folder", lambda bad, translator, own: lx.package_domain(own, bad)),
        ("handle", lambda bad, translator, own: lx.SavedModelDomain.of("own", bad)),
        ("decoder", lambda bad, translator, own: lx.KerasDomain.of("own", bad)),
        ("domains", lambda bad, translator, own: lx.Translator(bad, translator.bridge)),
        ("bridge", lambda bad, translator, own: lx.Translator(list(translator.domains.values()), bad)),
        ("translator", lambda bad, translator, own: lx.evaluate(bad)),
        ("translator", lambda bad, translator, own: lx.export(bad, "out")),
        ("latents", lambda bad, translator, own: lx.evaluate(translator, bad)),
        ("domain", lambda bad, translator, own: lx.package_domain(bad, "out")),
    ],
)
def test_argument_of_a_wrong_type_is_named_with_the_way_out(bad, argument, call, translator, own):
    with pytest.raises(ValueError, match=f"^{argument} is {bad}; it must be .*[.]$"):
        call(bad, translator, own)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"domains\[0\] is 'mnist'; .* `load_domain`", lambda t, o: lx.Translator(["mnist"], t.bridge)),
        ("translator is 'out/run'; .* `Translator.load`", lambda t, o: lx.export("out/run", "out")),
        ("decoder is 'decoder.keras'; .* Keras model", lambda t, o: lx.KerasDomain.of("own", "decoder.keras")),
        ("modality is 'array'", lambda t, o: lx.KerasDomain.of("own", own_models.decoder(), modality="array")),
        ("data_shape is ", lambda t, o: lx.KerasDomain.of("own", own_models.decoder(), data_shape="28,28")),
        ("Domain name None", lambda t, o: lx.KerasDomain.of(None, own_models.decoder())),
        ("data is 5", lambda t, o: lx.package_domain(o, "out", 5)),
        ("data is 5", lambda t, o: lx.evaluate(t, {}, data=5)),
        (r"latents\['digits'\] is ", lambda t, o: lx.evaluate(t, {"digits": [[0.0]], "shoes": [[0.0]]})),
    ],
)
def test_what_looks_like_an_argument_is_refused_as_well(message, call, translator, own):
    with pytest.raises(ValueError, match=message) as raised:
        call(translator, own)
    assert "\n" not in str(raised.value)


def test_keras_model_of_two_inputs_is_refused():
    first, second, decoder = keras.Input((3,)), keras.Input((3,)), own_models.decoder()
    with pytest.raises(ValueError, match=r"The decoder takes 2 inputs \(.*, .*\): make it a model of one"):
        lx.KerasDomain.of("own", keras.Model([first, second], decoder(first + second)))


def test_numbers_to_255_are_refused_wherever_they_are_given(translator):
    name = translator.names[0]
    x = np.linspace(0, 255, 4 * np.prod(translator.domain(name).data_shape)).reshape(
        4, *translator.domain(name).data_shape
    )
    calls = [
        lambda: translator.translate(x, name, translator.names[1]),
        lambda: translator.reconstruct(x, name),
        lambda: translator.encode(x, name),
        lambda: translator.interpolate(x[0], x[1], name, name),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"x has values from 0 to .*; images must lie in \[0, 1\]: divide it by"):
            call()
