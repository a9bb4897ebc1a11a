"""Training time of a bridge until its translations reach a given accuracy."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from latent_xlate import tables, training
from latent_xlate.benchmarks.timing import Stopwatch
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.bridge.training_data import TrainingData, prepare_training
from latent_xlate.bridge_training import make_bridge, make_label_terms
from latent_xlate.evaluation.accuracy import transfer_meter
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import latent_kinds, load_domains
from latent_xlate.translator import Translator


def benchmark(config: BridgeConfig | ConfigDict, num_seeds: int, target_accuracy: float) -> dict[str, Any]:
    """Trains bridges and measures and prints the transfer accuracy from the first domain to the second on the way.

    The clock starts at an untrained bridge, with models loaded and latents in memory, and includes the tracing of the
    graph. It stands still while accuracy is measured, every `config.steps_per_log` steps. The accuracy is that of
    `evaluate`, of posterior means: on the validation split where the bridge learns from whole data sets,
    else on the shipped part of the test split.

    Args:
        config: The bridges'.
        num_seeds: Number of runs; their seeds are the configuration's and those that follow it.
        target_accuracy: The accuracy that the mean over the runs is to reach.

    Returns:
        JSON-serialisable. `config`, `split`, `instances`, `seeds`, `pair` ("<source>_to_<target>") and
        `target_accuracy`; `curve`, for each measurement the `step`, and in the order of the seeds the `seconds` and the
        `accuracy`; `reached`, the first measurement whose mean accuracy is the target or more, as {"step", "seconds",
        "accuracy"} with means over the seeds, or None; and `final`, by pair of domains the accuracy of each seed's
        trained bridge.

    Raises:
        ValueError: A configuration that does not fit, latents that are not there, or a domain without a judge.
    """
    config = BridgeConfig.of(config)
    kinds = "+".join(latent_kinds(config.latents, len(config.domains))).split("+")
    split = "validation" if "dataset" in kinds else "test"
    data = prepare_training(config)
    _, held_out = load_domains(config.domains, config.latents, split)
    seeds = [config.seed + i for i in range(num_seeds)]
    runs = [_run(dataclasses.replace(config, seed=seed), data, held_out) for seed in seeds]
    pair = next(iter(runs[0][1]))
    curve = [
        {
            "step": points[0]["step"],
            "seconds": [point["seconds"] for point in points],
            "accuracy": [point["accuracy"] for point in points],
        }
        for points in zip(*(points for points, _ in runs), strict=True)
    ]
    result = {
        "config": config.to_dict(),
        "split": split,
        "instances": len(held_out[0]),
        "seeds": seeds,
        "pair": pair,
        "target_accuracy": target_accuracy,
        "curve": curve,
        "reached": next((mean for mean in map(_mean, curve) if mean["accuracy"] >= target_accuracy), None),
        "final": {name: [final[name] for _, final in runs] for name in runs[0][1]},
    }
    print(table(result))
    return result


def _run(
    config: BridgeConfig, data: TrainingData, held_out: Sequence[Latents]
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Trains one bridge.

    Returns:
        The measurements, each with `step`, `seconds` and `accuracy`; and the final accuracy of each pair of domains,
        that of the measurements first.
    """
    meters: dict[str, Callable[[], float]] = {}
    points: list[dict[str, float]] = []
    watch = Stopwatch()
    bridge = make_bridge(config, data, make_label_terms(config, data))
    make_batch = data.make_batches(config)
    with watch.paused():
        translator = Translator(data.domains, bridge, data.class_map)
        for (source, latents), (target, _) in itertools.permutations(zip(translator.names, held_out, strict=True), 2):
            meters[f"{source}_to_{target}"] = transfer_meter(translator, latents, source, target)
        measured = next(iter(meters.values()))

    def on_log(step: int, logs: dict[str, float]) -> dict[str, float]:
        with watch.paused():
            points.append({"step": step, "seconds": watch.seconds, "accuracy": measured()})
        return {"accuracy": points[-1]["accuracy"]}

    training.train(
        bridge,
        make_batch,
        num_steps=config.num_steps,
        batch_size=config.batch_size,
        steps_per_log=config.steps_per_log,
        on_log=on_log,
        description=f"seed {config.seed}",
    )
    return points, {pair: meter() for pair, meter in meters.items()}


def _mean(point: dict[str, Any]) -> dict[str, Any]:
    return {
        "step": point["step"],
        "seconds": float(np.mean(point["seconds"])),
        "accuracy": float(np.mean(point["accuracy"])),
    }


def table(result: dict[str, Any]) -> str:
    """A result of `benchmark` as text."""
    target, reached, seeds = result["target_accuracy"], result["reached"], result["seeds"]
    last = _mean(result["curve"][-1])
    lines = [
        f"Accuracy of {result['pair']} on {result['instances']} held-out instances ({result['split']}), "
        f"mean over seeds {', '.join(map(str, seeds))}",
        "",
        "   step   seconds   accuracy",
        *(f"{m['step']:7d}   {m['seconds']:7.1f}   {m['accuracy']:.4f}" for m in map(_mean, result["curve"])),
        "",
        f"{target:g} is reached after {reached['step']} steps, {reached['seconds']:.1f} s."
        if reached
        else f"{target:g} is NOT reached in {last['step']} steps, {last['seconds']:.1f} s.",
        "At the end, mean and standard deviation over the seeds:",
    ]
    for pair, values in result["final"].items():
        lines.append(f"  {pair}: {tables.mean_and_deviation(values)}")
    return "\n".join(lines)
