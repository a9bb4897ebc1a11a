"""The notebook as it is in the repository, and from top to bottom in a kernel of its own."""

import os
import re

import nbclient
import nbformat
import pytest

from tests.support.paths import ROOT

NOTEBOOK = ROOT / "colab" / "latent_xlate.ipynb"

QUICK = {"bridge_steps": 300, "own_steps": 300, "autoencoder_epochs": 15}
"""What a cell's form fields are set to, to see it all in minutes."""


def read():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_is_saved_small_without_outputs_and_without_paths_of_a_machine():
    notebook = read()
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 1_000_000
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    assert not re.search(r"/(home|root|work|Users|tmp)/", NOTEBOOK.read_text(encoding="utf-8"))


def test_quick_settings_are_fields_of_forms():
    source = "\n".join(cell.source for cell in read().cells)
    for name in QUICK:
        assert re.search(rf'^{name} = \d+  # @param {{type:"integer"}}$', source, re.MULTILINE)


def test_every_code_cell_compiles():
    for cell in read().cells:
        if cell.cell_type == "code":
            compile(cell.source, cell.id, "exec")


@pytest.mark.slow
def test_runs_from_top_to_bottom(tmp_path, monkeypatch):
    notebook = read()
    for cell in notebook.cells:
        for name, value in QUICK.items():
            cell.source = re.sub(rf"^{name} = \d+", f"{name} = {value}", cell.source, flags=re.MULTILINE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    client = nbclient.NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")
    accuracies = {pair: float(value) for pair, value in re.findall(r"accuracy (\w+ to \w+): ([\d.]+)", text)}
    assert accuracies.keys() == {
        "mnist to fashion_mnist",
        "fashion_mnist to mnist",
        "mnist to spoken_digit",
        "small_digits to fashion_mnist",
    }
    assert min(accuracies.values()) > 0.6
    (difference,) = re.findall(r"answers differ by ([\d.e+-]+)", text)
    assert float(difference) < 1e-4
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") == 3
    assert sum("<audio" in output.get("data", {}).get("text/html", "") for output in outputs) == 2
