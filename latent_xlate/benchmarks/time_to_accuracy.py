"""How long a bridge trains until its translations keep the class as often as asked."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from latent_xlate import tables, training
from latent_xlate.benchmarks.timing import Stopwatch
from latent_xlate.bridge.bridge_training import (
    check_config,
    make_bridge,
    make_label_terms,
    mask_labels,
    propagate_labels,
    read_class_map,
    to_shared_labels,
)
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.accuracy import transfer_meter
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import latent_kinds, load_domains
from latent_xlate.translator import Translator


def benchmark(config: ConfigDict, num_seeds: int, target_accuracy: float) -> dict[str, Any]:
    """Trains, measures and prints the transfer accuracy from the first domain to the second, as training goes on.

    The clock runs from an untrained bridge, models loaded and latents in memory, the tracing of the
    graph included; while accuracy is measured, every `config.steps_per_log` steps, it stands. It is
    the accuracy of `evaluate`, of means, on the validation split where the bridge learns from
    whole data sets, and else on what ships of the test split.

    Args:
        config: As `latent_xlate/configs` give it.
        num_seeds: How many runs, of the configuration's seed and those that follow it.
        target_accuracy: What the mean over the runs is to reach.

    Returns:
        JSON-serialisable. `config`, `split`, `instances`, `seeds`, `pair` ("<source>_to_<target>") and
        `target_accuracy`; `curve`, for each measurement the `step`, and in the order of the seeds the
        `seconds` and the `accuracy`; `reached`, its first entry whose mean accuracy is the target or
        more, as {"step", "seconds", "accuracy"} with means over the seeds, None if there is none; and
        `final`, by pair of domains the accuracy of each seed's finished bridge.

    Raises:
        ValueError: A configuration that does not fit, latents that are not there, or a domain without
            a judge.
    """
    check_config(config)
    kinds = "+".join(latent_kinds(config.latents, len(config.domains))).split("+")
    split = "validation" if "dataset" in kinds else "test"
    domains, latents = load_domains(config, "train")
    class_map = read_class_map(config, domains)
    seen = to_shared_labels(class_map, mask_labels(config, domains, latents))
    latents, weights = propagate_labels(config, domains, seen, class_map.num_groups)
    _, held_out = load_domains(config, split)
    seeds = [config.seed + i for i in range(num_seeds)]
    runs = []
    for seed in seeds:
        of_seed = copy.deepcopy(config)
        of_seed.seed = seed
        runs.append(_run(of_seed, domains, class_map, latents, weights, held_out))
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
    config: ConfigDict,
    domains: Sequence[Domain],
    class_map: ClassMap,
    latents: Sequence[Latents],
    weights: Sequence[np.ndarray] | None,
    held_out: Sequence[Latents],
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Trains with one seed: the points of the curve, and the final accuracy of each pair, the curve's first."""
    meters: dict[str, Callable[[], float]] = {}
    points: list[dict[str, float]] = []
    watch = Stopwatch()
    label_terms = make_label_terms(config, domains, latents, weights, class_map.num_groups)
    bridge = make_bridge(config, domains, class_map.num_groups, label_terms)
    make_batch = make_batches(latents, class_map.num_groups, config.sampling, config.seed, weights)
    with watch.paused():
        translator = Translator(domains, bridge, class_map)
        for (source, of), (target, _) in itertools.permutations(zip(translator.names, held_out, strict=True), 2):
            meters[f"{source}_to_{target}"] = transfer_meter(translator, of, source, target)
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
