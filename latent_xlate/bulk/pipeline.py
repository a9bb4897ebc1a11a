"""The pipeline: units are read in parts, computed, and written; what is done already is left out.

Reading, computing and writing of a part are one fused stage of Beam, so that no data go from one process to another and
memory holds a part for each worker. Only the names of units are shuffled.
"""

from __future__ import annotations

import dataclasses
import difflib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.pvalue import TaggedOutput

from latent_xlate import files
from latent_xlate.bulk import sinks
from latent_xlate.bulk.inference import METRICS, PartHandler
from latent_xlate.bulk.ledger import Ledger
from latent_xlate.bulk.parts import Rejected, Result
from latent_xlate.bulk.sinks import Sink
from latent_xlate.bulk.sources import Source, Unit

READ, WRITTEN, REJECTED, DONE_BEFORE = "read", "written", "rejected", "done_before"
"""Counters of instances."""

RUNNER = "FnApiRunner"
"""The direct runner, in this process. `DirectRunner` would look for Prism first, a program that Beam downloads."""

WORKERS = 2


@dataclasses.dataclass(frozen=True)
class Job:
    """Work on a data set.

    Attributes:
        source: Where instances come from.
        handler: What computes their results.
        sink: Where results go.
        description: What decides the results, JSON-serialisable.
    """

    source: Source
    handler: PartHandler
    sink: Sink
    description: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Summary:
    """What has become of the instances.

    Attributes:
        read: Number of instances that were read.
        written: Number of those that have a result.
        rejected: Number of the others.
        done_before: Number of instances that an earlier run had done.
        seconds: How long it took.
    """

    read: int
    written: int
    rejected: int
    done_before: int
    seconds: float

    @property
    def rate(self) -> float:
        """Instances read a second."""
        return self.read / self.seconds


class _Read(beam.DoFn):
    """Reads units: parts that are not done, and the rejected instances of those that are."""

    def __init__(self, source: Source, ledger: Ledger):
        self._source, self._ledger = source, ledger
        self._done_before = Metrics.counter(METRICS, DONE_BEFORE)

    def process(self, unit: Unit) -> Iterator[Any]:
        rejected: list[Rejected] = []

        def is_done(name: str) -> bool:
            entry = self._ledger.find(name)
            if entry is None:
                return False
            rejected.extend(entry.rejected)
            self._done_before.inc(entry.written + len(entry.rejected))
            return True

        yield from self._source.read(unit, is_done)
        for each in rejected:
            yield TaggedOutput(REJECTED, each)


class _Write(beam.DoFn):
    """Writes results, and then that they are written; passes rejected instances on."""

    def __init__(self, sink: Sink, ledger: Ledger):
        self._sink, self._ledger = sink, ledger
        self._counters = {name: Metrics.counter(METRICS, name) for name in (READ, WRITTEN, REJECTED)}

    def process(self, result: Result) -> Iterator[Any]:
        self._sink.write(result)
        self._ledger.add(result)
        counts = {READ: len(result) + len(result.rejected), WRITTEN: len(result), REJECTED: len(result.rejected)}
        for name, count in counts.items():
            self._counters[name].inc(count)
        for each in result.rejected:
            yield TaggedOutput(REJECTED, each)


def run(job: Job, options: PipelineOptions) -> Summary:
    """Does what is not done yet, and waits until all is.

    Beside the results, the output folder gets `rejected.csv` and what `Ledger` keeps.

    Args:
        job: What to do.
        options: Options of Beam, of `beam_options`.

    Returns:
        What has become of the instances.

    Raises:
        ValueError: The folder holds other work.
        OSError: The disk is full, read-only or broken.
    """
    started = time.monotonic()
    ledger = Ledger(job.sink.output)
    ledger.begin(job.description)
    pipeline = beam.Pipeline(options=options)
    parts = (
        pipeline
        | "Units" >> beam.Create(job.source.units())
        | "Spread" >> beam.Reshuffle()
        | "Read" >> beam.ParDo(_Read(job.source.reader(), ledger)).with_outputs(REJECTED, main="parts")
    )
    results = parts["parts"] | "Compute" >> RunInference(job.handler)
    written = results | "Write" >> beam.ParDo(_Write(job.sink, ledger)).with_outputs(REJECTED, main="written")
    rejected = (parts[REJECTED], written[REJECTED]) | "Rejected" >> beam.Flatten()
    table = rejected | "All rejected" >> beam.combiners.ToList()
    _ = table | "Write rejected" >> beam.Map(lambda all_rejected: sinks.write_rejected(job.sink.output, all_rejected))
    with files.naming(job.sink.output):
        outcome = pipeline.run()
        outcome.wait_until_finish()
    found = outcome.metrics().query(MetricsFilter().with_namespace(METRICS))["counters"]
    counts = dict.fromkeys((READ, WRITTEN, REJECTED, DONE_BEFORE), 0)
    for each in found:
        if each.key.metric.name in counts:
            counts[each.key.metric.name] += each.result
    return Summary(seconds=time.monotonic() - started, **counts)


def beam_options(flags: Sequence[str], known: Sequence[str] = ()) -> PipelineOptions:
    """Makes options of Beam.

    Args:
        flags: `--name=value`, as Beam's own documentation has them. Without `--runner` this process does the work, and
            Beam logs nothing.
        known: Names of the command's own flags, for the message.

    Raises:
        ValueError: Beam has no such flag.
    """
    for flag in flags:
        if not flag.startswith("--"):
            raise ValueError(f"{flag!r} is no flag: flags are written --name=value.")
    options = PipelineOptions(list(flags))
    names = options.get_all_options()
    for name in options.get_all_options(retain_unknown_options=True).keys() - names.keys():
        close = difflib.get_close_matches(name, [*known, *names], n=1)
        hint = f": did you mean --{close[0]}?" if close else "."
        raise ValueError(f"--{name} is a flag neither of this command nor of Beam{hint}")
    if options.view_as(StandardOptions).runner is None:
        options.view_as(StandardOptions).runner = RUNNER
        logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # Errors are raised here, too.
        direct = options.view_as(DirectOptions)
        if not any(flag.startswith("--direct_") for flag in flags):
            direct.direct_running_mode, direct.direct_num_workers = "multi_threading", WORKERS
    return options
