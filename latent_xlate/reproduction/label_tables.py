"""Tables 3 and 4: number of labels, and ablation of the bridge. Both are from MNIST to MNIST."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from latent_xlate import figures, tables
from latent_xlate.reproduction import experiments, paper
from latent_xlate.reproduction.sections import Section
from latent_xlate.reproduction.study import Study

_PAIRS = {"mnist_to_mnist_b": "first to second VAE", "mnist_b_to_mnist": "second to first VAE"}


def _accuracies(study: Study, runs: Sequence[ConfigDict], pair: str) -> list[float]:
    return [study.metrics(run)["transfers"][pair]["accuracy"] for run in runs]


def _table_3(study: Study) -> str:
    runs = experiments.few_labels(study.settings)
    numbers = {pair: [_accuracies(study, configs, pair) for configs in runs.values()] for pair in _PAIRS}
    theirs = [paper.LABELS_PER_CLASS.get(count) for count in runs]
    rows = [["paper", *map(tables.number, theirs)]]
    rows += [[f"**{name}, ours**", *map(tables.mean_and_deviation, numbers[pair])] for pair, name in _PAIRS.items()]
    head = ["labels a class, in each domain", *("all" if count is None else str(count) for count in runs)]
    curve = figures.accuracy_curve(
        head[1:],
        {"ours": numbers["mnist_to_mnist_b"], "paper": [[np.nan if x is None else x] for x in theirs]},
        "labels a class",
    )
    caption = "Transfer accuracy from MNIST to MNIST by the number of labels; bars are one standard deviation."
    text = (
        f"Transfer accuracy, mean and standard deviation of {study.settings.num_label_seeds} runs, each of a seed and "
        "of random labelled sets of its own (`labelled.json` of each run). What is not labelled enters the ELBO and "
        "the SWD alone; no batch is balanced by a hidden label, and nothing is chosen by one. With some labels every "
        "other row of a batch is a labelled instance; all labels are about 5,500 a class."
    )
    return "\n\n".join([text, tables.markdown(head, rows), study.picture(study.write_plot("table3", curve), caption)])


def _table_4(study: Study) -> str:
    rows = []
    for name, runs in experiments.ablation(study.settings).items():
        ours = [tables.mean_and_deviation(_accuracies(study, runs, pair)) for pair in _PAIRS]
        rows.append([name, tables.number(paper.ABLATION.get(name)), *ours])
    model = experiments.bridges(study.settings, "mnist_mnist")[0].model
    text = (
        "Transfer accuracy with the full label set. Rows after the paper's three differ from the third in what they "
        f"say alone; it has a shared latent of {model.shared_dim} and {model.num_projections} projections."
    )
    return text + "\n\n" + tables.markdown(["", "paper", *(f"{name}, ours" for name in _PAIRS.values())], rows)


SECTIONS = {
    "table3": Section(
        "Table 3: labels per class",
        lambda settings: [run for runs in experiments.few_labels(settings).values() for run in runs],
        _table_3,
    ),
    "table4": Section(
        "Table 4: ablation",
        lambda settings: [run for runs in experiments.ablation(settings).values() for run in runs],
        _table_4,
    ),
}
