"""`import latent_xlate as lx`: what a user sees first."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import latent_xlate as lx

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


def test_using_any_name_registers_all_classes_with_keras():
    names = ["BridgingVAE", "ImageDomain", "SpeechDomain", "KerasDomain", "SavedModelDomain", "CycleGAN", "FusedAdam"]
    code = (
        "import latent_xlate as lx; lx.list_domains; import keras; "
        f"print(*(keras.saving.get_registered_object('latent_xlate>' + name).__name__ for name in {names}))"
    )
    assert run(code).split() == names


def test_shipped_domains_are_listed_and_load():
    assert lx.list_domains() == ["fashion_mnist", "mnist", "mnist_b", "spoken_digit"]
    domain = lx.load_domain("mnist")
    assert isinstance(domain, lx.Domain)
    assert domain.name == "mnist"
