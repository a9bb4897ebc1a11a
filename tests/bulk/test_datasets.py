"""Whole data sets, translated and encoded by Beam's direct runner in this process."""

import re

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

import numpy as np
import tensorflow as tf
from apache_beam.options.pipeline_options import StandardOptions

from latent_xlate.bulk.datasets import encode_dataset, translate_dataset
from latent_xlate.bulk.pipeline import RUNNER, beam_options
from latent_xlate.domains.domain import Domain
from latent_xlate.file_translation import translate_path
from latent_xlate.serving.export import export_translator
from latent_xlate.translator import Translator
from tests.support import bulk, tiny
from tests.support.paths import ROOT

IN_MEMORY = ("--direct_running_mode=in_memory",)
"""Without threads and servers, which take a second."""


def translate(translator, given, output, *flags, **options):
    options = {"part_size": 16, "batch_size": 8} | options
    return translate_dataset(
        translator, "digits", "clothes", str(given), str(output), beam_options(flags or IN_MEMORY), **options
    )


def counts(summary):
    return summary.read, summary.written, summary.rejected, summary.done_before


def assert_same_pictures(actual, expected):
    """Batches differ, and so may rounding, by a grey value."""
    actual, expected = (np.stack([tf.io.decode_png(each) for each in files]) for files in (actual, expected))
    np.testing.assert_allclose(actual.astype(int), expected.astype(int), atol=1)


@pytest.fixture
def records(tmp_path, pictures):
    """Two files of 40 pictures each, of which the ninth and the last are no pictures."""
    bad = {8: b"nothing", 39: pictures[0][:50]}
    for shard in range(2):
        examples = [bulk.example(data_bytes=bad.get(n, each), label=n) for n, each in enumerate(pictures)]
        bulk.write_records(tmp_path / "in" / f"{shard}.tfrecord", examples)
    return tmp_path / "in" / "*.tfrecord"


BAD = [f"{shard}.tfrecord/{n}" for shard in range(2) for n in (8, 39)]


# ---- Results ----------------------------------------------------------------------------------


@pytest.mark.long
def test_translations_of_records_by_an_export_are_those_of_files(translator, records, pictures, tmp_path):
    for n, each in enumerate(pictures[:39]):
        (tmp_path / "files" / f"{n}.png").parent.mkdir(exist_ok=True)
        (tmp_path / "files" / f"{n}.png").write_bytes(each)
    translate_path(translator, "digits", "clothes", tmp_path / "files", tmp_path / "expected")
    summary = translate(str(export_translator(Translator.load(translator), tmp_path)), records, tmp_path / "out")
    assert counts(summary) == (80, 76, 4, 0)
    found = bulk.read_records(tmp_path / "out")
    assert set(found) == {f"{s}.tfrecord/{n}" for s in range(2) for n in range(40)} - set(BAD)
    numbers = [int(key.partition("/")[2]) for key in found]
    assert [features["label"] for features in found.values()] == numbers
    expected = [(tmp_path / "expected" / f"{number}.png").read_bytes() for number in numbers]
    assert_same_pictures([features["data_bytes"] for features in found.values()], expected)
    rejected = bulk.rejected(tmp_path / "out")
    assert sorted(rejected) == sorted(BAD)
    assert all("not a PNG, JPEG, GIF or BMP picture" in reason for reason in rejected.values())


def test_arrays_are_translated_as_by_the_translator(translator, tmp_path):
    x = bulk.arrays(20)
    bad = x[:1] + 3
    path = bulk.write_records(tmp_path / "a.tfrecord", [bulk.example(x=each) for each in [*x, *bad]])
    assert counts(translate(translator, path, tmp_path / "out")) == (21, 20, 1, 0)
    found = bulk.read_records(tmp_path / "out")
    loaded = Translator.load(translator)
    expected = loaded.translate(x, "digits", "clothes")
    actual = np.reshape([found[f"a.tfrecord/{n}"]["x"] for n in range(20)], expected.shape)
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    translate(translator, path, tmp_path / "files", output_format="files")
    written = [(tmp_path / "files" / "a.tfrecord" / f"{n}.png").read_bytes() for n in range(20)]
    assert_same_pictures(written, loaded.domain("clothes").write(expected).numpy())
    (reason,) = bulk.rejected(tmp_path / "out").values()
    assert reason.startswith("x has values from 3")


def test_files_become_files_of_the_same_name(translator, pictures, tmp_path):
    for name, content in {"a.png": pictures[0], "b/a.png": pictures[1], "b/c.gif": b"GIF89a"}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    summary = translate(translator, tmp_path / "in", tmp_path / "out", output_format="files")
    assert counts(summary) == (3, 2, 1, 0)
    assert {name for name in bulk.contents(tmp_path / "out") if name.endswith(".png")} == {"a.png", "b/a.png"}
    assert set(bulk.rejected(tmp_path / "out")) == {"b/c.gif"}


def test_samples_depend_on_name_and_seed_alone(translator, pictures, tmp_path):
    path = bulk.write_records(tmp_path / "in" / "a.tfrecord", [bulk.example(data_bytes=pictures[0])] * 12)

    def run(output, **options):
        translate(translator, path, tmp_path / output, temperature=1.0, **options)
        return [features["data_bytes"] for features in bulk.read_records(tmp_path / output).values()]

    first = run("a", batch_size=12)
    assert len(set(first)) > 6
    assert run("b", batch_size=12) == first
    assert run("c", batch_size=12, seed=1) != first


def test_encoded_data_are_the_posteriors_of_the_domain(pictures, tmp_path):
    domain = tiny.image_domain()
    domain.save(tmp_path / "digits")
    records = [bulk.example(data_bytes=each, label=n) for n, each in enumerate([*pictures[:20], b"bad"])]
    path = bulk.write_records(tmp_path / "a.tfrecord", records)
    summary = encode_dataset(
        str(tmp_path / "digits"), str(path), str(tmp_path / "out"), beam_options(IN_MEMORY), batch_size=8
    )
    assert counts(summary) == (21, 20, 1, 0)
    mu, sigma = Domain.load(tmp_path / "digits").encode(domain.read(pictures[:20]))
    found = bulk.read_records(tmp_path / "out")
    for n in range(20):
        features = found[f"a.tfrecord/{n}"]
        assert features["label"] == n
        np.testing.assert_allclose(features["mu"], mu[n], atol=1e-5)
        np.testing.assert_allclose(features["sigma"], sigma[n], atol=1e-5)


# ---- Exactly once -----------------------------------------------------------------------------


def test_what_is_done_is_not_done_again(translator, records, tmp_path):
    output = tmp_path / "out"
    assert counts(translate(translator, records, output)) == (80, 76, 4, 0)
    expected = bulk.contents(output)
    # As if it had been killed before the second shard of the first file was noted.
    (output / "parts" / "00000-00001.json").unlink()
    (output / "rejected.csv").unlink()
    kept = (output / "00000-00000.tfrecord").stat().st_mtime_ns
    assert counts(translate(translator, records, output)) == (16, 16, 0, 64)
    assert bulk.contents(output) == expected
    assert (output / "00000-00000.tfrecord").stat().st_mtime_ns == kept
    assert counts(translate(translator, records, output)) == (0, 0, 0, 80)
    assert bulk.contents(output) == expected


def test_work_that_is_repeated_writes_the_same_files(translator, records, tmp_path):
    translate(translator, records, tmp_path / "once")
    translate(translator, records, tmp_path / "thrice", *IN_MEMORY, "--direct_runner_bundle_repeat=2")
    assert bulk.contents(tmp_path / "thrice") == bulk.contents(tmp_path / "once")


@pytest.mark.parametrize("mode", ["multi_threading", pytest.param("multi_processing", marks=pytest.mark.slow)])
def test_several_workers_write_the_same_files(mode, translator, records, tmp_path):
    translate(translator, records, tmp_path / "alone")
    flags = ("--direct_num_workers=2", f"--direct_running_mode={mode}")
    assert counts(translate(translator, records, tmp_path / mode, *flags)) == (80, 76, 4, 0)
    assert bulk.contents(tmp_path / mode) == bulk.contents(tmp_path / "alone")


# ---- Refusals ---------------------------------------------------------------------------------


@pytest.mark.long
def test_a_folder_belongs_to_one_work(translator, records, tmp_path):
    translate(translator, records, tmp_path / "out")
    with pytest.raises(ValueError, match=r"out holds work whose seed is 0, not 1: give another --output"):
        translate(translator, records, tmp_path / "out", seed=1)
    with pytest.raises(ValueError, match="holds work whose input is"):
        translate(translator, tmp_path / "in" / "0.tfrecord", tmp_path / "out")


def test_output_among_inputs_and_names_that_collide_are_refused(translator, pictures, tmp_path):
    for name in ("a.png.jpg", "a.png"):
        (tmp_path / name).write_bytes(pictures[0])
    with pytest.raises(ValueError, match=r"The output folder .* holds the input .*a.png"):
        translate(translator, tmp_path, tmp_path, output_format="files")
    (tmp_path / "b.jpg").write_bytes(pictures[0])
    (tmp_path / "b.jpg.png").write_bytes(pictures[0])
    with pytest.raises(ValueError, match=r"b.jpg and .*b.jpg.png would become one file"):
        translate(translator, tmp_path, tmp_path / "out", output_format="files")


def test_flags_that_nobody_knows_are_refused():
    page = (ROOT / "docs" / "tutorials" / "bulk_work.md").read_text()
    documented = re.findall(r"`(--(?:runner|direct)[^`]*)`", page)
    assert len(documented) > 3
    for flags in documented:
        runner = beam_options(flags.split()).view_as(StandardOptions).runner
        assert runner in flags or (runner == RUNNER and "--runner" not in flags)
    with pytest.raises(
        ValueError, match="--runer is a flag neither of this command nor of Beam: did you mean --runner"
    ):
        beam_options(["--runer=FlinkRunner"])
    with pytest.raises(ValueError, match="did you mean --part_size"):
        beam_options(["--part_sise=3"], ["part_size"])
    with pytest.raises(ValueError, match="'in' is no flag"):
        beam_options(["in"])
