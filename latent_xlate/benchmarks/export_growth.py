"""Size of an export, and the time and memory that it takes, by the number of domains."""

from __future__ import annotations

import copy
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2
from tqdm import tqdm

from latent_xlate import tables
from latent_xlate.benchmarks.remote import RemoteFunction
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.serving.bundle import WARMUP_FILE
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.serving.server.servable import turn_off_graph_optimiser
from latent_xlate.translator import Translator

NUMBERS = (3, 8, 16)
"""Numbers of domains."""

SMALL = "small"
"""Kind of domain with 16 hidden units a layer, whose weights weigh nothing: what grows is the graph."""

SHIPPED = "shipped"
"""The domains that ship, in turn, each under several names."""

_SHIPPED_NAMES = ("mnist", "fashion_mnist", "spoken_digit")


def benchmark(numbers: Iterable[int] = NUMBERS, kinds: Iterable[str] = (SMALL, SHIPPED)) -> list[dict[str, Any]]:
    """Measures and prints what an export of n domains costs. Each step runs in a process of its own.

    Args:
        numbers: Numbers of domains.
        kinds: SMALL, SHIPPED or both.

    Returns:
        A JSON-serialisable dictionary for each kind and number: `kind`, `domains`, and the results of `exporter`,
        `model_loader` and `session_loader`.
    """
    results = []
    for kind, number in tqdm([(kind, number) for kind in kinds for number in numbers], "exports", unit="export"):
        with tempfile.TemporaryDirectory() as base:
            result: dict[str, Any] = {"kind": kind, "domains": number}
            with RemoteFunction(f"{__name__}:exporter", kind=kind, number=number, base=base) as run:
                result |= run()
            for maker in (model_loader, session_loader):
                with RemoteFunction(f"{__name__}:{maker.__name__}", folder=result["folder"]) as run:
                    result |= run()
            del result["folder"]
        results.append(result)
    print(table(results))
    return results


def make_translator(kind: str, number: int) -> Translator:
    """Makes a translator of `number` domains with an untrained bridge."""
    domains = [_domain(kind, i) for i in range(number)]
    options: dict[str, Any] = {"shared_dim": 3, "hidden_units": (16, 16)} if kind == SMALL else {}
    bridge = BridgingVAE([domain.latent_dim for domain in domains], **options)
    bridge.build()
    return Translator(domains, bridge)


def _domain(kind: str, index: int) -> Domain:
    if kind == SMALL:
        vae = ImageVAE(latent_dim=6, hidden_units=(16, 16, 16))
        vae.build()
        return ImageDomain(f"small_{index}", vae)
    name = _SHIPPED_NAMES[index % len(_SHIPPED_NAMES)]
    domain = copy.copy(pretrained.load_domain(name))
    domain.name = f"{name}_{index}"
    return domain


def exporter(kind: str, number: int, base: str) -> Callable[[], dict[str, Any]]:
    """Returns a function that exports a translator to `base` and returns its size.

    Its result: `folder` of the version; `signatures`, `functions` and `nodes`, numbers; `bytes`, size of
    `saved_model.pb`; `export_seconds`.
    """
    translator = make_translator(kind, number)

    def run() -> dict[str, Any]:
        start = time.process_time()
        folder = export_translator(translator, base)
        seconds = time.process_time() - start
        content = (folder / "saved_model.pb").read_bytes()
        graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0]
        functions = graph.graph_def.library.function
        return {
            "folder": str(folder),
            "signatures": len(graph.signature_def) - 1,  # One is the op that restores the variables.
            "functions": len(functions),
            "nodes": len(graph.graph_def.node) + sum(len(function.node_def) for function in functions),
            "bytes": len(content),
            "export_seconds": seconds,
        }

    return run


def model_loader(folder: str) -> Callable[[], dict[str, float]]:
    """Returns a function that loads an export as the Python server does, and answers its warm-up records.

    Its result: `load_seconds`, `load_bytes`, `warm_up_seconds`, `warm_up_bytes`; bytes are growth of the resident
    memory.
    """
    requests = _requests(Path(folder))
    turn_off_graph_optimiser()

    def run() -> dict[str, float]:
        before, start = _resident_bytes(), time.process_time()
        model = load_export(folder)
        loaded, loaded_at = _resident_bytes(), time.process_time()
        for name, inputs in requests:
            model.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        return {
            "load_seconds": loaded_at - start,
            "load_bytes": loaded - before,
            "warm_up_seconds": time.process_time() - loaded_at,
            "warm_up_bytes": _resident_bytes() - loaded,
        }

    return run


def session_loader(folder: str) -> Callable[[], dict[str, float]]:
    """Returns a function that loads an export into a Session, as TensorFlow Serving does.

    Its result: `session_seconds`, and `session_bytes` as growth of the resident memory.
    """

    def run() -> dict[str, float]:
        before, start = _resident_bytes(), time.process_time()
        with tf.compat.v1.Session(graph=tf.Graph()) as session:
            tf.compat.v1.saved_model.loader.load(session, ["serve"], folder)
            return {
                "session_seconds": time.process_time() - start,
                "session_bytes": _resident_bytes() - before,
            }

    return run


def _requests(folder: Path) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The warm-up records of an export: names of signatures, and inputs by name."""
    requests = []
    for record in tf.data.TFRecordDataset(str(folder / WARMUP_FILE)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        requests.append((request.model_spec.signature_name, inputs))
    return requests


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def table(results: Iterable[Mapping[str, Any]]) -> str:
    """Formats the results of `benchmark` as a Markdown table."""
    title = "An export by its number of domains: size of saved_model.pb; seconds, and MB of memory in brackets"
    head = ["domains", "signatures", "functions", "nodes", "MB", "export", "load", "warm-up", "Session"]
    rows = [
        [
            f"{result['domains']} {result['kind']}",
            *(f"{result[key]:,}" for key in ("signatures", "functions", "nodes")),
            f"{result['bytes'] / 1e6:.1f}",
            f"{result['export_seconds']:.1f}",
            *(
                f"{result[f'{step}_seconds']:.1f} ({result[f'{step}_bytes'] / 1e6:.0f})"
                for step in ("load", "warm_up", "session")
            ),
        ]
        for result in results
    ]
    return f"{title}\n\n{tables.markdown(head, rows, compact=True)}"
