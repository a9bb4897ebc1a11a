"""The whole of it on small domains: what is written holds together."""

import html.parser
import json
import shutil

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from latent_xlate.domains import pretrained
from latent_xlate.evaluation import accuracy, report, runs
from latent_xlate.latents.latents import Latents
from latent_xlate.quickstart import PageText, ends_of_interpolations, quickstart
from latent_xlate.serving.bundle import FILES
from latent_xlate.serving.export import load_export
from latent_xlate.translator import Translator, load_bridge
from tests.support import shipped
from tests.support.tolerances import assert_close

pytestmark = pytest.mark.long

PAIRS = ("digits_to_clothes", "clothes_to_digits")


@pytest.fixture(scope="module")
def savedmodels(tmp_path_factory):
    return shipped.write(tmp_path_factory.mktemp("savedmodels"))


@pytest.fixture(scope="module")
def output(savedmodels, tmp_path_factory):
    output = tmp_path_factory.mktemp("quickstart") / "out"
    assert quickstart(shipped.config(savedmodels), output) == output / "index.html"
    return output


class Page(html.parser.HTMLParser):
    """What a page refers to, its cells, and whether each tag that was opened was closed."""

    def __init__(self, path):
        super().__init__()
        self.links, self.cells, self.open = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def metrics(output):
    return json.loads((output / "metrics.json").read_text())


def test_folder_holds_the_run_the_model_the_numbers_and_the_page(output):
    bundle = {"models.config", *(file.name for file in FILES.iterdir())}
    results = {"run", "translator", "examples", "figures", "metrics.json", "index.html"}
    assert {path.name for path in output.iterdir()} == results | bundle
    assert [path.name for path in (output / "translator").iterdir()] == ["1"]
    assert {"bridge.keras", "config.json", "translator"} <= {path.name for path in (output / "run").iterdir()}


@pytest.mark.parametrize(
    ("labels", "ends"),
    [
        ([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], [(3, 8), (0, 6)]),
        ([7, 7, 5, 5], [(0, 1), (2, 1)]),
        ([0, 1, 2, 3, 3, 1], [(3, 4), (0, 5)]),
        ([0, 1, 2, 3, 2], [(2, 4), (0, 1)]),
        ([1, 0], [(1, 0)]),
    ],
)
def test_instances_that_are_interpolated_are_there(labels, ends):
    assert ends_of_interpolations(np.array(labels)) == ends


def test_examples_are_an_instance_of_each_class(output, savedmodels):
    domains = Translator.load(output / "run" / "translator").domains
    assert {path.name for path in (output / "examples").iterdir()} == set(domains)
    for name, domain in domains.items():
        labels = range(len(domain.class_names))
        paths = [output / "examples" / name / f"{label}.png" for label in labels]
        assert set((output / "examples" / name).iterdir()) == set(paths)
        latents = Latents.load(savedmodels / name / "latents_test.npz")
        first = [np.flatnonzero(latents.labels == label)[0] for label in labels]
        x = np.squeeze(domain.decode(tf.constant(latents.mu[first])))
        pictures = np.stack([np.asarray(Image.open(path)) for path in paths]) / 255
        np.testing.assert_allclose(pictures, x, atol=0.6 / 255)


def test_page_shows_every_figure_and_the_numbers(output):
    page = Page(output / "index.html")
    assert page.open == []
    names = {f"figures/{pair}{kind}.png" for pair in PAIRS for kind in ("", "_interpolation", "_confusion")}
    assert set(page.links) == names
    assert {f"figures/{path.name}" for path in (output / "figures").iterdir()} == names
    for name in names:
        assert len(np.unique(np.asarray(Image.open(output / name)))) > 10  # No blank picture.
    for pair in PAIRS:
        assert f"{metrics(output)['transfers'][pair]['accuracy']:.4f}" in page.cells


def test_numbers_are_those_that_evaluate_gives(output, savedmodels, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(savedmodels))
    translator = str(output / "run" / "translator")
    table = runs.evaluate_runs([translator], tmp_path, with_figures=False)
    (run,) = metrics(tmp_path)["runs"]
    ours = metrics(output)
    assert ours.pop("training_seconds") > 0
    assert ours | {"translator": translator} == run
    assert ours["instances"] == {"digits": 40, "clothes": 40}
    assert table.endswith(f"\n\n{report.table(report.summarise([ours]))}")


def test_exported_model_is_the_trained_translator(output):
    model = load_export(output / "translator" / "1")
    translator = Translator.load(output / "run" / "translator")
    x = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)
    for pair in PAIRS:
        source, target = pair.split("_to_")
        y = model.signatures[f"{pair}_arrays"](x=tf.constant(x))["x"]
        assert_close(y, translator.translate(x, source, target), atol=1e-6)


def test_run_again_trains_no_more_and_adds_a_version(output, savedmodels, tmp_path):
    again = shutil.copytree(output, tmp_path / "again")
    text = PageText("bridged_folders.md", "A caption of instances.", {"domains": "[Good](domains/a/report.html)"})
    quickstart(shipped.config(savedmodels), again, text)
    ours, theirs = (load_bridge(folder / "run" / "bridge.keras").get_weights() for folder in (again, output))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert sorted(path.name for path in (again / "translator").iterdir()) == ["1", "2"]
    page = (again / "index.html").read_text(encoding="utf-8")
    assert "translator/2<" in page
    assert "domains/a/report.html" in Page(again / "index.html").links
    assert page.count("<em>A caption of instances.</em>") == 2
    assert "Source above translation" not in page
    for heading in ("accuracy", "label accuracy", "FID", "FID floor", "bridge reconstruction", "FID reference"):
        assert f"<li><strong>{heading}</strong>: " in page


def test_it_speaks_where_there_are_sounds(savedmodels, tmp_path, monkeypatch):
    monkeypatch.setattr(accuracy, "PRIOR_SAMPLES", 20)
    folder = shipped.write_words(shutil.copytree(savedmodels, tmp_path / "savedmodels"))
    config = shipped.config_of_all(folder)
    config.domains = (config.domains[0], config.domains[2])
    config.latents = "shipped,shipped+samples"
    output = tmp_path / "out"
    page = Page(quickstart(config, output))
    assert page.open == []
    assert all((output / link).is_file() for link in page.links)
    translator = Translator.load(output / "run" / "translator")
    latents = Latents.load(folder / "digits" / "latents_test.npz")
    for number in range(shipped.NUM_CLASSES):
        name = f"figures/digits_to_words_{number}.wav"
        assert name in page.links and name.replace(".wav", "_source.png") in page.links
        (first, *_) = latents.mu[latents.labels == number]
        expected = translator.translate(translator.domain("digits").decode(first[None]).numpy(), "digits", "words")[0]
        samples, rate = soundfile.read(output / name)
        np.testing.assert_allclose(samples, expected, atol=1e-3)
        assert rate == 16000
    assert {link for link in page.links if link.endswith("_source.wav")} == {
        f"figures/words_to_digits_{number}_source.wav" for number in range(shipped.NUM_CLASSES)
    }
    assert "figures/words_to_digits_interpolation.png" in page.links
