"""The shared space of one bridge over images and speech in two directions; the paper has no such figure."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from latent_xlate.batching import in_batches
from latent_xlate.evaluation.main_directions import main_directions
from latent_xlate.reproduction import experiments
from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.sections import Section
from latent_xlate.reproduction.study import Study

_CLASS_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777",
)  # fmt: skip
"""Paul Tol's muted scheme, which the colour-blind can tell apart."""

_DOMAIN_COLOURS = ("#0072B2", "#E69F00", "#009E73")
"""From the scheme of Okabe and Ito, which the colour-blind can tell apart."""

_POINTS = 2_000


def _runs(settings: Settings) -> list[ConfigDict]:
    return experiments.bridges(settings, "all_domains")[:1]


def _shared_space(study: Study) -> str:
    (run,) = _runs(study.settings)
    if reason := study.lacks(run):
        return f"Not available. {reason}"
    translator = study.translator(run)
    points, labels, domains = [], [], []
    for index, domain in enumerate(translator.domains.values()):
        latents = study.test_data(domain)[0].take(slice(0, _POINTS))
        points.append(in_batches(lambda z, index=index: translator.bridge.encode(z, index)[0], latents.mu))
        labels.append(latents.labels)
        domains.append(np.full(len(latents), index))
    places, shares = main_directions(np.concatenate(points))
    classes = np.concatenate(labels)
    owners = np.concatenate(domains)
    drawing = Figure(figsize=(10.0, 4.8), layout="constrained")
    by_class, by_domain = drawing.subplots(1, 2)
    order = np.random.default_rng(0).permutation(len(places))  # Otherwise the last domain would hide the others.
    for axis, indices, colours in ((by_class, classes, _CLASS_COLOURS), (by_domain, owners, _DOMAIN_COLOURS)):
        # Thousands of points as vectors would make the file slow to display.
        axis.scatter(*places[order].T, s=3, c=np.array(colours)[indices[order]], linewidths=0, rasterized=True)
        axis.set_xlabel(f"first direction ({shares[0]:.0%} of the variance)")
        axis.set_ylabel(f"second direction ({shares[1]:.0%})")
    for label in np.unique(classes):
        box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": _CLASS_COLOURS[label]}
        by_class.text(*np.median(places[classes == label], axis=0), str(label), ha="center", va="center", bbox=box)
    for index, name in enumerate(translator.names):
        by_domain.scatter([], [], c=_DOMAIN_COLOURS[index], label=name)
    by_class.set_title("by class; a number at the median of each")
    by_domain.set_title("by domain")
    by_domain.legend(loc="upper right", markerscale=1.5)
    caption = (
        "Held-out instances of three domains in the shared space of one bridge: means of z', in the two directions of "
        "largest variance (PCA)."
    )
    return study.picture(study.write_plot("shared_space", drawing), caption)


SECTIONS = {"shared_space": Section("Beyond the paper: the shared space of three domains", _runs, _shared_space)}
