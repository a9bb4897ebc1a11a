"""Tables 1, 2 and 5: transfer accuracy and FID, reconstruction accuracy, and the class mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from latent_xlate import tables
from latent_xlate.domains import pretrained
from latent_xlate.evaluation.report import PAPER
from latent_xlate.reproduction import experiments, paper
from latent_xlate.reproduction.experiments import SPEECH, Settings
from latent_xlate.reproduction.sections import Section, no_runs
from latent_xlate.reproduction.study import Study

_DIRECTIONS = {
    "mnist_to_mnist_b": "MNIST to MNIST",
    "mnist_to_fashion_mnist": "MNIST to Fashion",
    "fashion_mnist_to_mnist": "Fashion to MNIST",
    f"mnist_to_{SPEECH}": "MNIST to speech",
    f"{SPEECH}_to_mnist": "speech to MNIST",
}
_DOMAINS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", SPEECH: "speech"}

_MEASURES = {
    "diversity": "how varied the transfers are, the variance of the judge's features within a class over that of the "
    "target's own instances. If all are the same it is 0, and 1 if they vary as much as those.",
    "trustworthiness": "whether neighbours stay neighbours within their class, 1 if all do and 0.5 by chance.",
    "class_kid": "how real the transfers of a class are, their kernel distance to the target's own instances of it. "
    "It is around 0 if both are alike, and its scale differs from judge to judge.",
}
"""What Table 1 shows beyond the paper, each with its meaning (`evaluation/individual.py`)."""

_SAMPLES = "Instances of speech are samples that its judge accepts, as in the paper."


def _models(settings: Settings) -> dict[str, list[list[ConfigDict]]]:
    """Returns the runs of each model, a list for each pair of domains."""
    fashion = experiments.PAIRS["mnist_fashion_mnist"]
    return {
        "Pix2Pix": [experiments.baselines(settings, "pix2pix", fashion)],
        "CycleGAN": [experiments.baselines(settings, "cyclegan", fashion)],
        "LatentCycleGAN": [
            experiments.baselines(settings, "latent_cyclegan", domains) for domains in experiments.PAIRS.values()
        ],
        **{name.replace("_", " "): pairs for name, pairs in experiments.rivals(settings).items()},
        "BridgingVAE": [experiments.bridges(settings, name) for name in experiments.PAIRS],
        "BridgingVAE, faithful": [experiments.faithful(settings, name) for name in experiments.PAIRS],
    }


def _table_1(study: Study) -> str:
    rows, missing = [], []
    floors: list[float | None] = []
    of_models: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for model, pairs in _models(study.settings).items():
        transfers = of_models.setdefault(model, {})
        for runs in pairs:
            if reason := study.lacks(runs[0]):
                missing.append(f"{model}, {' and '.join(runs[0].domains)}: not available. {reason}")
                continue
            for metrics in map(study.metrics, runs):
                for name, scores in metrics["transfers"].items():
                    individual = metrics.get("individual", {}).get("transfers", {}).get(name, {})
                    values = {measure: entry["value"] for measure, entry in individual.items()}
                    transfers.setdefault(name, []).append({**scores, **values})
                if model == "BridgingVAE" and "fashion_mnist" in metrics["domains"]:
                    floors.append(metrics["domains"]["fashion_mnist"]["fid_floor"])
        if model in PAPER:
            in_paper = PAPER[model]["transfers"]
            theirs = [tables.number(in_paper.get(name, {}).get("accuracy")) for name in _DIRECTIONS]
            rows.append([f"{model}, paper", *theirs, tables.number(paper.FID[model])])
        ours = [_mean(transfers.get(name, []), "accuracy") for name in _DIRECTIONS]
        rows.append([f"**{model}, ours**", *ours, _mean(transfers.get("mnist_to_fashion_mnist", []), "fid", 2)])
    rows.append(
        ["real against real, ours", *[tables.ABSENT] * len(_DIRECTIONS), tables.mean_and_deviation(floors[:1], 2)]
    )
    text = (
        "Share of held-out instances whose class, as the two domains' judges see it, the transfer keeps; and the "
        "Fréchet distance (FID), MNIST to Fashion-MNIST, on the features of our judge of Fashion-MNIST. The paper's "
        "FID is on those of its own judge, so of another scale: ours reads against the last row, two halves of the "
        f"target's own data. {_SAMPLES} Bridges: {_seeds(study.settings.num_seeds)}. Baselines, and the rivals between "
        f"latents of images that are not the paper's: {_seeds(study.settings.num_baseline_seeds)}."
    )
    first = tables.markdown(["", *_DIRECTIONS.values(), "FID"], rows)
    return "\n\n".join([text, first, *_measure_tables(of_models), *missing])


def _measure_tables(of_models: Mapping[str, Mapping[str, Sequence[dict[str, Any]]]]) -> list[str]:
    """The tables of what the paper does not measure, each below what it shows, with the models that have it.

    Args:
        of_models: By model and direction, the measures of each run.
    """
    parts = []
    for measure, meaning in _MEASURES.items():
        rows = []
        for model, transfers in of_models.items():
            cells = [_mean(transfers.get(name, []), measure, 3) for name in _DIRECTIONS]
            if any(cell != tables.ABSENT for cell in cells):
                rows.append([model, *cells])
        if rows:
            parts += [f"Beyond the paper: {meaning}", tables.markdown(["", *_DIRECTIONS.values()], rows)]
    return parts


def _table_2(study: Study) -> str:
    fashion, speech = (
        experiments.bridges(study.settings, name) for name in ("mnist_fashion_mnist", "mnist_spoken_digit")
    )
    of_domain = {"mnist": fashion, "fashion_mnist": fashion, SPEECH: speech}
    rows = []
    for key, name in (("base_reconstruction", "base model"), ("bridge_reconstruction", "bridging VAE")):
        theirs, ours = [], []
        for domain, runs in of_domain.items():
            theirs.append(tables.number(PAPER["BridgingVAE"]["domains"][domain].get(key)))
            measured = [] if study.lacks(runs[0]) else [study.metrics(run)["domains"][domain] for run in runs]
            # The base model's is the same in all runs.
            ours.append(_mean(measured[:1] if key == "base_reconstruction" else measured, key))
        rows += [[f"{name}, paper", *theirs], [f"**{name}, ours**", *ours]]
    reason = study.lacks(speech[0])
    text = (
        "Share of held-out instances whose class the way through the model and back does not change. Samples have no "
        f"base reconstruction: they are the model's own. {_SAMPLES} Bridge: {_seeds(study.settings.num_seeds)}."
    )
    missing = [f"Speech: not available. {reason}"] if reason else []
    return "\n\n".join([text, tables.markdown(["", *_DOMAINS.values()], rows), *missing])


def _table_5(study: Study) -> str:
    del study
    names = [name for name in ("mnist", "fashion_mnist", SPEECH) if name in pretrained.list_domains()]
    classes = [pretrained.load_domain(name).class_names for name in names]
    rows = [[*row, paper.CLASS_MAPPING.get(row[0], tables.ABSENT)] for row in zip(*classes, strict=True)]
    head = [*(_DOMAINS[name] for name in names), "Fashion-MNIST, paper"]
    return "The bridge is trained to translate the classes of one row into each other.\n\n" + tables.markdown(
        head, rows
    )


def _mean(entries: Sequence[dict[str, Any]], key: str, digits: int = 4) -> str:
    return tables.mean_and_deviation([entry.get(key) for entry in entries], digits)


def _seeds(count: int) -> str:
    return f"mean and standard deviation of {count} runs, seeds 0 to {count - 1}" if count > 1 else "one run, seed 0"


SECTIONS = {
    "table1": Section(
        "Table 1: transfer accuracy and FID",
        lambda settings: [run for pairs in _models(settings).values() for runs in pairs for run in runs],
        _table_1,
    ),
    "table2": Section(
        "Table 2: reconstruction accuracy",
        lambda settings: [
            run for name in ("mnist_fashion_mnist", "mnist_spoken_digit") for run in experiments.bridges(settings, name)
        ],
        _table_2,
    ),
    "table5": Section("Table 5: the class mapping", no_runs, _table_5),
}
