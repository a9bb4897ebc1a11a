"""Throughput of `translate_dataset`, compared with calling the SavedModel in a loop, and its memory."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import tables
from latent_xlate.batching import good_rows
from latent_xlate.bulk.datasets import translate_dataset
from latent_xlate.bulk.pipeline import Summary, beam_options
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.serving.signature_name import Payload, SignatureName
from latent_xlate.translator import Translator

BATCH_SIZES = (64, 256, 1024, 4096)
"""Batches that the loop tries; the fastest counts."""

DISTINCT = 4096
"""Number of different instances, which are repeated."""

PER_FILE = 20_000
"""Number of records of a file."""

_MEGABYTE = 2**20


def benchmark(
    translator: str | os.PathLike, source: str, target: str, num_instances: int, seconds: float
) -> dict[str, Any]:
    """Measures and prints the throughput of translating files and arrays.

    The instances are decoded from samples of the source's prior. The loop calls the SavedModel with data that are in
    memory; bulk work reads them from TFRecords and writes TFRecords, and its time includes the loading of the model in
    its workers. The loop is measured before and after it.

    Args:
        translator: Folder of a saved translator.
        source: Name of its domain to translate from; it has an encoder.
        target: Name of its domain to translate to.
        num_instances: Number of instances.
        seconds: Length of a measurement of the loop.

    Returns:
        JSON-serialisable results by kind of input, "files" and "arrays": `instances` and `seconds` of the bulk work;
        `loop` and `bulk`, instances a second, and `share`, their ratio; `loop_processor` and `bulk_processor`, seconds
        of the processor for an instance, and `processor_share`, which is of more use where other processes take turns;
        `batch_size`, the loop's best; and `memory`, the megabytes that the process held at most in each quarter.

    Raises:
        ValueError: There is no such translator or domain.
    """
    loaded = Translator.load(translator)
    with tempfile.TemporaryDirectory() as folder:
        model = export_translator(loaded, folder)
        signatures = load_export(model).signatures
        results = {}
        for payload, content in _instances(loaded, source, signatures, target).items():
            function = signatures[str(SignatureName(source, target, payload))]
            records, output = (Path(folder) / payload.name / name for name in ("in", "out"))
            _write_records(records, payload, content, num_instances)
            loops = [_loop(function, payload, content, seconds)]
            with _memory_of_quarters() as memory:
                begin = time.process_time()
                summary = translate_dataset(
                    str(model), source, target, f"{records}/*.tfrecord", str(output), beam_options([])
                )
                processor = (time.process_time() - begin) / summary.read
            loops.append(_loop(function, payload, content, seconds))
            results[payload.name.lower()] = _result(loops, summary, processor, memory)
    print(table(results))
    return results


def _result(
    loops: Sequence[Mapping[int, tuple[float, float]]], summary: Summary, processor: float, memory: list[float]
) -> dict[str, Any]:
    means = {size: np.mean([loop[size] for loop in loops], axis=0).tolist() for size in BATCH_SIZES}
    batch_size = max(means, key=lambda size: means[size][0])
    rate, loop_processor = means[batch_size]
    return {
        "instances": summary.written, "batch_size": batch_size, "seconds": summary.seconds, "memory": memory,
        "loop": rate, "bulk": summary.rate, "share": summary.rate / rate,
        "loop_processor": loop_processor, "bulk_processor": processor, "processor_share": loop_processor / processor,
    }  # fmt: skip


def _instances(
    translator: Translator, source: str, signatures: Mapping[str, Any], target: str
) -> dict[Payload, np.ndarray]:
    """Instances as files and as arrays, of which the domain's own reading refuses none."""
    domain = translator.domain(source)
    x = domain.modality.clip(domain.decode(domain.sample_prior(DISTINCT))).numpy()
    files = np.asarray(domain.write(tf.constant(x)).numpy(), object)
    signature = signatures[str(SignatureName(source, target))]
    kept, _, _ = good_rows(lambda batch: signature(data_bytes=tf.constant(batch)), files)
    return {Payload.FILES: files[kept], Payload.ARRAYS: x[kept]}


def _write_records(folder: Path, payload: Payload, content: np.ndarray, count: int) -> None:
    """Writes `count` records, with the content again and again, to files of at most PER_FILE."""
    records = [_example(payload, each) for each in content]
    folder.mkdir(parents=True)
    for start in range(0, count, PER_FILE):
        with tf.io.TFRecordWriter(str(folder / f"{start:010d}.tfrecord")) as writer:
            for number in range(start, min(start + PER_FILE, count)):
                writer.write(records[number % len(records)])


def _example(payload: Payload, content: Any) -> bytes:
    if payload is Payload.FILES:
        feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))
    else:
        feature = tf.train.Feature(float_list=tf.train.FloatList(value=content.ravel()))
    return tf.train.Example(features=tf.train.Features(feature={payload.key: feature})).SerializeToString()


def _loop(function: Any, payload: Payload, content: np.ndarray, seconds: float) -> dict[int, tuple[float, float]]:
    """Calls a signature in a loop: instances a second and the processor's seconds for one, by size of batch."""
    results = {}
    for size in BATCH_SIZES:
        batch = tf.constant(np.resize(content, (size, *content.shape[1:])))
        call = functools.partial(function, **{payload.key: batch})
        call()
        count, start, processor = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - start < seconds:
            call()
            count += size
        results[size] = count / (time.perf_counter() - start), (time.process_time() - processor) / count
    return results


@contextlib.contextmanager
def _memory_of_quarters() -> Iterator[list[float]]:
    """Watches the memory of this process, and fills the list when the context ends."""
    quarters: list[float] = []
    seen: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while True:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            seen.append(pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE)
            if ended.wait(0.2):
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield quarters
    finally:
        ended.set()
        thread.join()
        quarters += [float(max(part, default=seen[-1])) for part in np.array_split(seen, 4) if len(part)]


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Formats the results of `benchmark` as a Markdown table."""
    head = ["input", "instances", "loop", "its batch", "bulk", "share", "of processor", "MB by quarter"]
    rows: list[Sequence[str]] = [
        [
            name,
            f"{result['instances']:,}",
            f"{result['loop']:.0f}",
            str(result["batch_size"]),
            f"{result['bulk']:.0f}",
            f"{result['share']:.2f}",
            f"{result['processor_share']:.2f}",
            " ".join(f"{megabytes:.0f}" for megabytes in result["memory"]),
        ]
        for name, result in results.items()
    ]
    return f"Instances translated a second\n\n{tables.markdown(head, rows, compact=True)}"
