"""Figures 2 and 9: the synthetic problem of two ellipses."""

from __future__ import annotations

from collections.abc import Sequence

from latent_xlate import files, tables
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.reproduction import ellipses
from latent_xlate.reproduction.sections import Section, no_runs
from latent_xlate.reproduction.study import Study
from latent_xlate.translator import load_bridge

_QUICK_STEPS = 200


def _bridge(study: Study, variant: str) -> BridgingVAE:
    """Returns the trained bridge of a variant, from the study's folder if it lies there."""
    num_steps = _QUICK_STEPS if study.settings.quick else ellipses.NUM_STEPS
    key = {"variant": variant, "num_steps": num_steps, **ellipses.VARIANTS[variant], "beta_kl": ellipses.BETA_KL}
    path = study.model_path("ellipses", key)
    if not path.exists():
        files.write_model(path, ellipses.train_variant(variant, num_steps))
    bridge = load_bridge(path)
    assert isinstance(bridge, BridgingVAE)
    return bridge


def _figure(study: Study, name: str, variants: Sequence[str], caption: str) -> str:
    bridges = {variant: _bridge(study, variant) for variant in variants}
    for ending in ("png", "pdf", "svg"):
        path = ellipses.figure(study.figure_path(f"{name}.{ending}"), bridges)
    rows = [
        [variant, *(f"{value:.3f}" for value in ellipses.evaluate_variant(bridge).values())]
        for variant, bridge in bridges.items()
    ]
    about = (
        "Of both translations: the share that keeps its class, the sliced Wasserstein distance W_2^2 to the target's "
        "points, and the share of the variance of the places on the target that an affine map of those on the source "
        "explains (R^2)."
    )
    return "\n\n".join(
        [study.picture(path, caption), about, tables.markdown(["", "class accuracy", "SWD", "linearity"], rows)]
    )


_COLOURS = (
    "A point has the colour of its domain, darker along the long axis of its ellipse; light grey are the target's own "
    "points, and the line is the decision boundary of the classifier of the shared space. Axes are in arbitrary units."
)


def _figure_2(study: Study) -> str:
    caption = f"Two ellipses bridged by a two-dimensional shared space. {_COLOURS}"
    return _figure(study, "figure2", list(ellipses.VARIANTS)[-1:], caption)


def _figure_9(study: Study) -> str:
    return _figure(
        study, "figure9", list(ellipses.VARIANTS), f"What each term of the loss adds, row by row. {_COLOURS}"
    )


SECTIONS = {
    "figure2": Section("Figure 2: a synthetic problem", no_runs, _figure_2),
    "figure9": Section("Figure 9: the synthetic problem by variants of the model", no_runs, _figure_9),
}
