"""Translation and encoding of whole data sets."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from latent_xlate import checks, files
from latent_xlate.bulk import inference, storage
from latent_xlate.bulk.file_source import FileSource
from latent_xlate.bulk.inference import EncodingHandler, PartHandler, Translation, TranslationHandler
from latent_xlate.bulk.parquet_source import ParquetSource
from latent_xlate.bulk.pipeline import Job, Summary, run
from latent_xlate.bulk.sinks import FileSink, Sink, TFRecordSink
from latent_xlate.bulk.sources import PathSource, Source
from latent_xlate.bulk.tfds_source import TFDSSource
from latent_xlate.bulk.tfrecord_source import TFRecordSource
from latent_xlate.domains import pretrained
from latent_xlate.modalities.modality import Modality

INPUT_FORMATS = ("auto", "files", "tfrecord", "parquet")
OUTPUT_FORMATS = ("tfrecord", "files")

TFDS = "tfds:"
"""Beginning of an input that is a split of a TFDS data set, `tfds:<name>/<split>`."""

PART_SIZE = 4096

_LARGEST_BATCH = 1024
_NUMBERS_AT_ONCE = 2**22

_RECORDS = re.compile(r"\.tfrecords?\b")
_PARQUET = re.compile(r"\.parquet$")


def translate_dataset(
    translator: str,
    source: str,
    target: str,
    input: str,
    output: str,
    options: PipelineOptions,
    *,
    input_format: str = "auto",
    output_format: str = "tfrecord",
    feature: str | None = None,
    invert: str | None = None,
    temperature: float = 0.0,
    seed: int = 0,
    batch_size: int | None = None,
    part_size: int = PART_SIZE,
    data_dir: str | None = None,
) -> Summary:
    """Translates a data set. Run again, it does what is not done yet.

    Args:
        translator: Folder of a saved translator, or of a version of an export.
        source: Name of the domain of the input.
        target: Name of the domain to translate to.
        input: Files: one, a folder of this machine, or a pattern, as `storage.matching` takes them; or a split of a
            prepared TFDS data set, `tfds:<name>/<split>`.
        output: Folder of the results. Translations of files are contents of files, feature `data_bytes` of records;
            those of arrays, and so of TFDS data sets, are arrays, feature `x`.
        options: Options of Beam, of `pipeline.beam_options`.
        input_format: One of INPUT_FORMATS; "auto" goes by the ending.
        output_format: "tfrecord", a shard for each part; or "files", a file for each instance, also of arrays.
        feature: Name of the feature or column that holds the content; None for the usual names.
        invert: As in `translate_path`.
        temperature: How far samples of the shared latent go from its mean; 0 is the mean.
        seed: Seed of the samples, beside the name of each instance.
        batch_size: Largest number of instances that are computed at once; None for one that suits their size.
        part_size: Largest number of instances of a part, so of a shard.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        What has become of the instances.

    Raises:
        ValueError: The translator, a domain or the input does not exist, cannot be read in that way, or `output` holds
            other work.
    """
    checks.temperature(temperature)
    translation = Translation(storage.absolute(translator), source, target, invert, float(temperature), seed)
    pair = inference.load_pair_once(translation).pair
    settings = {
        "translator": _digest(Path(translator)), "source": source, "target": target, "invert": invert,
        "temperature": temperature, "seed": seed,
    }  # fmt: skip
    read = _source(input, input_format, pair.before, part_size, feature, data_dir)
    to_files = output_format == "files"
    handler = TranslationHandler(translation, batch_size or _batch_size(pair.before, pair.after), to_files)
    output = storage.absolute(output)
    sink = FileSink(output, pair.after.file_suffix) if to_files else TFRecordSink(output)
    return _run(read, handler, sink, settings, options)


def encode_dataset(
    domain: str,
    input: str,
    output: str,
    options: PipelineOptions,
    *,
    input_format: str = "auto",
    feature: str | None = None,
    batch_size: int | None = None,
    part_size: int = PART_SIZE,
    data_dir: str | None = None,
) -> Summary:
    """Encodes a data set as posteriors of a domain's latents: records with `mu` and `sigma`, and labels as they were.

    Args:
        domain: Name of a pretrained domain, or a folder that `Domain.save` wrote.
        input: As in `translate_dataset`, and so are all others.
        output: Folder of the shards.
        options: Options of Beam, of `pipeline.beam_options`.
        input_format: One of INPUT_FORMATS.
        feature: Name of the feature or column that holds the content.
        batch_size: Largest number of instances that are computed at once.
        part_size: Largest number of instances of a shard.
        data_dir: Folder of TFDS data sets.

    Returns:
        What has become of the instances.

    Raises:
        ValueError: The domain has no encoder; or as by `translate_dataset`.
    """
    folder = str(pretrained.folder(domain).absolute())
    modality = inference.load_encoder(folder).domain.modality
    source = _source(input, input_format, modality, part_size, feature, data_dir)
    sink = TFRecordSink(storage.absolute(output))
    handler = EncodingHandler(folder, batch_size or _batch_size(modality))
    return _run(source, handler, sink, {"domain": _digest(Path(folder))}, options)


def _batch_size(*modalities: Modality) -> int:
    """A number of instances for which a network of usual width has some hundred megabytes of activations."""
    largest = max(math.prod(modality.shape) for modality in modalities)
    return max(1, min(_LARGEST_BATCH, _NUMBERS_AT_ONCE // largest))


def _source(
    input: str, input_format: str, modality: Modality, part_size: int, feature: str | None, data_dir: str | None
) -> Source:
    if input.startswith(TFDS):
        name, _, split = input.removeprefix(TFDS).partition("/")
        return TFDSSource.prepared(name, split, data_dir, modality, part_size)
    if input_format == "auto":
        input_format = "tfrecord" if _RECORDS.search(input) else "parquet" if _PARQUET.search(input) else "files"
    if input_format == "tfrecord":
        return TFRecordSource.matching(input, modality, part_size, feature)
    if input_format == "parquet":
        return ParquetSource.matching(input, modality, part_size, feature)
    return FileSource.matching(input, modality, part_size)


def _run(
    source: Source, handler: PartHandler, sink: Sink, settings: Mapping[str, Any], options: PipelineOptions
) -> Summary:
    if storage.is_local(sink.output):
        files.output_folder(sink.output)
    _check_apart(source, sink)
    description = {**settings, "output": type(sink).__name__, "input": source.description()}
    return run(Job(source, handler, sink, description), options)


def _check_apart(source: Source, sink: Sink) -> None:
    """Raises ValueError if results would lie among the inputs, or two of them would be one file."""
    paths = source.paths if isinstance(source, PathSource) else ()
    below = f"{sink.output.rstrip('/')}/"
    inside = next((path for path in paths if path.startswith(below)), None)
    if inside is not None:
        raise ValueError(f"The output folder {sink.output} holds the input {inside}: give another.")
    if isinstance(sink, FileSink) and isinstance(source, FileSource):
        taken: dict[str, str] = {}
        for path in source.paths:
            other = taken.setdefault(sink.path(source.key(path)), path)
            if other != path:
                raise ValueError(f"{other} and {path} would become one file: rename one of them.")


def _digest(folder: Path) -> str:
    """The SHA-256 of a model's files and their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(os.fsencode(path.relative_to(folder)))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
