"""How well a person's own pictures are translated: coloured shapes and letters, by everything's defaults."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import folder_bridging, tables
from latent_xlate.benchmarks.own_pictures_data import (
    FONTS,
    HELD_OUT_FONTS,
    coloured_letters,
    coloured_shapes,
    write_folder,
)
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.image.measurements import measurements
from latent_xlate.domains.novelty import NOVEL
from latent_xlate.evaluation.kid import kernel_distance
from latent_xlate.translator import Translator

PER_CLASS = 60
"""Pictures of each class in a folder."""

CLASS_MAP = "circle=A,square=B,triangle=C"

_HELD_OUT = 100
_FOR_JUDGES = 2_000
_JUDGE_EPOCHS = 10
_HELD_OUT_SEED, _JUDGE_SEED = 1_000, 10_000  # Far from those of the folders and from each other.

_MAKERS: Mapping[str, Callable[[int, int], Labelled]] = {
    "shapes": coloured_shapes,
    "letters": lambda count, seed: coloured_letters(count, seed, fonts=FONTS + HELD_OUT_FONTS),
}


def benchmark(seeds: Iterable[int] = (0, 1, 2)) -> list[dict[str, Any]]:
    """Makes domains of two folders of pictures, and a bridge, for each seed, and measures and prints how good they are.

    Classes are judged by two networks that are trained apart, on other pictures of the same kinds.

    Args:
        seeds: Seeds of the pictures and of all trainings.

    Returns:
        A JSON-serialisable dictionary for each seed: `seed`, `seconds` from the folders to the evaluated and exported
        translator; by domain `judges`, the accuracy of the domains' own judges on held-out pictures, and `novel`, the
        share of held-out pictures, of the other domain's and of noise that count as unlike the training data; and by
        pair of domains, those of each with itself included, the results of `measure`.
    """
    judges = {name: _judge(make(_FOR_JUDGES, _JUDGE_SEED)) for name, make in _MAKERS.items()}
    for name, make in _MAKERS.items():
        right = _accuracy(judges[name], make(_HELD_OUT, _JUDGE_SEED + 1))
        print(f"The independent judge of {name} recognises {right:.3f} of pictures that it has not seen.", flush=True)
    results = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            folders = [write_folder(make(PER_CLASS, seed), Path(scratch) / name) for name, make in _MAKERS.items()]
            start = time.perf_counter()
            folder_bridging.bridge_folders(folders, Path(scratch) / "out", CLASS_MAP, seed)
            seconds = time.perf_counter() - start
            translator = Translator.load(Path(scratch) / "out" / "run" / "translator")
        held_out = {name: make(_HELD_OUT, _HELD_OUT_SEED + seed) for name, make in _MAKERS.items()}
        results.append(
            {
                "seed": seed,
                "seconds": seconds,
                "judges": {name: _accuracy(translator.domain(name).classify, data) for name, data in held_out.items()},
                "novel": {name: _novel(translator, name, held_out) for name in held_out},
                "pairs": {
                    f"{source}_to_{target}": measure(translator, source, target, held_out, judges[target])
                    for source, target in itertools.product(_MAKERS, repeat=2)
                },
            }
        )
    print(table(results))
    return results


def measure(
    translator: Translator, source: str, target: str, held_out: Mapping[str, Labelled], judge: keras.Model
) -> dict[str, float]:
    """Measures the translation of held-out pictures.

    Args:
        translator: The translator.
        source: Its domain to translate from.
        target: Its domain to translate to.
        held_out: Pictures of each domain, class after class.
        judge: A classifier of pictures like the target's that had no part in anything.

    Returns:
        `right`, the share of translations that the judge puts in the right class; `kid`, the kernel distance of its
        features between translations and held-out pictures of the target; and `ground`, `figure` and `size`, the
        correlation within a class of the colours of ground and figure and of the figure's size before and after.
    """
    data = held_out[source]
    x = translator.translate(data.floats, source, target)
    before, after = (_within_classes(measurements(tf.constant(y)).numpy(), data.labels) for y in (data.floats, x))
    features = keras.Model(judge.inputs, judge.layers[-2].output)
    kept = [float(np.corrcoef(before[:, i], after[:, i])[0, 1]) for i in range(before.shape[1])]
    return {
        "right": float(np.mean(judge.predict(x, verbose=0).argmax(axis=1) == data.labels)),
        "kid": kernel_distance(features.predict(x, verbose=0), features.predict(held_out[target].floats, verbose=0)),
        "ground": float(np.mean(kept[:3])),
        "figure": float(np.mean(kept[3:6])),
        "size": kept[-1],
    }


def _novel(translator: Translator, name: str, held_out: Mapping[str, Labelled]) -> dict[str, float]:
    """Shares of pictures that one domain says are unlike its own."""
    own = held_out[name].floats
    (other,) = (data.floats for key, data in held_out.items() if key != name)
    noise = np.random.default_rng(0).uniform(size=own.shape).astype(np.float32)
    inputs = {"own": own, "other": other, "noise": noise}
    return {key: float(np.mean(translator.novelty(x, name) > NOVEL)) for key, x in inputs.items()}


def _within_classes(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Differences of values, [n, count], from the means of their classes."""
    means = np.stack([values[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    return values - means[labels]


def _accuracy(classify: Callable[[tf.Tensor], tf.Tensor], data: Labelled) -> float:
    return float(np.mean(np.argmax(classify(tf.constant(data.floats)), axis=1) == data.labels))


def _judge(data: Labelled) -> keras.Model:
    """Trains a plain network of convolutions on pictures; it shares no code with the domains' judges."""
    keras.utils.set_random_seed(_JUDGE_SEED)
    layers: list[keras.layers.Layer] = [keras.Input(data.content.shape[1:])]
    for filters, strides in ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (128, 2), (128, 1)):
        layers += [
            keras.layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
        ]
    layers += [keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(len(data.class_names))]
    judge = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, _JUDGE_EPOCHS * len(data) // 64)
    judge.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)
    judge.fit(data.floats, data.labels, batch_size=64, epochs=_JUDGE_EPOCHS, verbose=0)
    return judge


def table(results: Iterable[Mapping[str, Any]]) -> str:
    """Formats the results of `benchmark` as Markdown tables: means and standard deviations over the seeds."""
    results = list(results)
    cell = tables.mean_and_deviation
    rows = [
        [pair, *(cell([result["pairs"][pair][key] for result in results], 3) for key in numbers)]
        for numbers in [list(results[0]["pairs"]["shapes_to_letters"])]
        for pair in results[0]["pairs"]
    ]
    head = ["pair", "right class", "KID", "colour of ground", "of figure", "size"]
    judged = [
        [
            name,
            cell([result["judges"][name] for result in results], 3),
            *(cell([result["novel"][name][key] for result in results], 3) for key in ("own", "other", "noise")),
        ]
        for name in results[0]["judges"]
    ]
    domains = ["domain", "its judge on held-out pictures", "flagged: held-out", "the other domain's", "noise"]
    seconds = ", ".join(f"{result['seconds']:.0f}" for result in results)
    return "\n\n".join(
        [
            tables.markdown(domains, judged),
            tables.markdown(head, rows),
            f"Seconds from the folders to the translator: {seconds}",
        ]
    )
