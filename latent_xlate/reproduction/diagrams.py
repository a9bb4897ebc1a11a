"""Figures 8 and 10: training and use of the bridge, and its architecture, drawn from its settings."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.reproduction import experiments
from latent_xlate.reproduction.sections import Section, no_runs
from latent_xlate.reproduction.study import Study

_LATENT_DIM, _NUM_CLASSES = 100, 10

LATENT, NETWORK, LOSS, LABEL = "#DDEBF7", "#FFF2CC", "#F8CECC", "#E2F0D9"
"""Colours of computed values, of networks, of losses, and of given labels."""

Place = tuple[float, float]


def _box(axis: Axes, place: Place, text: str, colour: str, width: float = 1.7, height: float = 0.7) -> None:
    x, y = place[0] - width / 2, place[1] - height / 2
    style = "round,pad=0,rounding_size=0.12"
    axis.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, edgecolor="#444444"))
    axis.text(*place, text, ha="center", va="center", fontsize=8)


def _arrow(axis: Axes, start: Place, end: Place) -> None:
    axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "#444444", "shrinkA": 0, "shrinkB": 0})


def _axis(axis: Axes, title: str, width: float, height: float) -> None:
    axis.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axis.set_axis_off()
    axis.set_title(title, fontsize=10)


def training_and_transfer(bridge: BridgingVAE) -> Figure:
    """Draws Figure 8: the losses of training, and the steps of a transfer."""
    drawing = Figure(figsize=(9.5, 6.6), layout="constrained")
    training, transfer = drawing.subplots(2, 1, height_ratios=(3, 2))
    _axis(training, "(a) training, between pretrained models", 15, 6.4)
    for domain, y in ((1, 5.2), (2, 1.2)):
        inner = 4.2 if domain == 1 else 2.2
        _box(training, (1.2, y), f"$z_{domain} \\sim q(z_{domain}|x_{domain})$", LATENT, 2.1)
        _box(training, (4.3, y), f"encoder, D = {domain}", NETWORK, 2.1)
        _box(training, (7.4, y), f"$z'_{domain}$", LATENT, 1.5)
        _box(training, (10.5, y), f"decoder, D = {domain}", NETWORK, 2.1)
        _box(training, (13.7, y), f"$\\hat{{z}}_{domain}$", LATENT, 1.5)
        for left, right in ((2.25, 3.25), (5.35, 6.65), (8.15, 9.45), (11.55, 12.95)):
            _arrow(training, (left, y), (right, y))
        _box(training, (13.7, inner), f"squared error to $z_{domain}$", LOSS, 2.5, 0.6)
        _arrow(training, (13.7, y - 0.35 if domain == 1 else y + 0.35), (13.7, inner + (0.3 if domain == 1 else -0.3)))
        _box(training, (4.3, inner), f"KL to N(0, I), $\\beta$ = {bridge.config.beta_kl:g}", LOSS, 2.5, 0.6)
        _arrow(training, (6.7, y - 0.3 if domain == 1 else y + 0.3), (5.55, inner))
        middle = 3.55 if domain == 1 else 2.85
        _arrow(training, (7.4, y - 0.35 if domain == 1 else y + 0.35), (7.4, middle))
        _arrow(training, (8.0, y - 0.35 if domain == 1 else y + 0.35), (10.0, middle))
    _box(training, (7.4, 3.2), f"SWD, $\\beta$ = {bridge.config.beta_swd:g}", LOSS, 1.9)
    _box(training, (10.7, 3.2), f"classifier, linear:\ncross entropy, $\\beta$ = {bridge.config.beta_cls:g}", LOSS, 3.0)
    _box(training, (13.9, 3.2), "labels y", LABEL, 1.4)
    _arrow(training, (13.2, 3.2), (12.2, 3.2))
    _axis(transfer, "(b) transfer, here from domain 1 to domain 2", 15, 2.6)
    steps = (
        ("$x_1$", LATENT, "data"), ("base\nencoder", NETWORK, "pretrained"),
        ("$z_1$", LATENT, str(bridge.latent_dims[0])),
        ("encoder,\nD = 1", NETWORK, "bridge"), ("$z'$", LATENT, str(bridge.shared_dim)),
        ("decoder,\nD = 2", NETWORK, "bridge"), ("$z_2$", LATENT, str(bridge.latent_dims[1])),
        ("base\ndecoder", NETWORK, "pretrained"), ("$x_2$", LATENT, "data"),
    )  # fmt: skip
    for index, (text, colour, below) in enumerate(steps):
        x = 0.8 + 1.67 * index
        _box(transfer, (x, 1.5), text, colour, 1.25, 0.9)
        transfer.text(x, 0.75, below if not below.isdigit() else f"{below} wide", ha="center", fontsize=7)
        if index:
            _arrow(transfer, (x - 1.67 + 0.625, 1.5), (x - 0.625, 1.5))
    return drawing


def architecture(bridge: BridgingVAE) -> Figure:
    """Draws Figure 10: the gated mixing layer, and the conditional VAE with its sizes."""
    drawing = Figure(figsize=(9.5, 5.4), layout="constrained")
    layer, model = drawing.subplots(1, 2, width_ratios=(2, 3))
    _axis(layer, "(a) gated mixing layer (GML)", 6.4, 8.4)
    _box(layer, (1.5, 0.7), "z", LATENT)
    _box(layer, (4.6, 0.7), "h, hidden", LATENT)
    _box(layer, (1.5, 2.4), "linear", NETWORK)
    _box(layer, (4.6, 2.4), "linear", NETWORK)
    _box(layer, (1.5, 4.1), "Z'", LATENT)
    _box(layer, (3.6, 4.1), "dZ", LATENT, 1.1)
    _box(layer, (5.4, 4.1), "gates", LATENT, 1.4)
    layer.text(5.5, 3.45, "sigmoid", fontsize=7)
    _box(layer, (3.3, 5.9), "(1 - gates) Z' + gates dZ", NETWORK, 4.2)
    _box(layer, (3.3, 7.5), "Z", LATENT)
    for start, end in (
        ((1.5, 1.05), (1.5, 2.05)), ((4.6, 1.05), (4.6, 2.05)), ((1.5, 2.75), (1.5, 3.75)), ((4.4, 2.75), (3.7, 3.75)),
        ((4.8, 2.75), (5.3, 3.75)), ((1.6, 4.45), (2.3, 5.55)), ((3.6, 4.45), (3.4, 5.55)), ((5.3, 4.45), (4.5, 5.55)),
        ((3.3, 6.25), (3.3, 7.15)),
    ):  # fmt: skip
        _arrow(layer, start, end)

    _axis(model, "(b) conditional VAE, one for all domains", 9.6, 8.4)
    sizes = sorted(set(bridge.config.hidden_units))
    hidden = f"{len(bridge.config.hidden_units)} x {sizes[0] if len(sizes) == 1 else bridge.config.hidden_units}, ReLU"
    last = "GML" if bridge.config.gated_mixing else "linear"
    width = max(bridge.latent_dims)
    label = f"D, one-hot, {bridge.num_domains}" if bridge.config.conditional else "no D"
    columns = (
        (2.3, "encoder", f"z, {width}", f"z', {bridge.shared_dim}", f"{last}: $\\mu$; {last}, softplus: $\\sigma$"),
        (7.2, "decoder", f"z', {bridge.shared_dim}", f"$\\hat{{z}}$, {width}", last),
    )
    for x, name, inputs, output, mixing in columns:
        model.text(x, 0.05, name, ha="center", fontsize=9)
        _box(model, (x - 1.1, 0.9), inputs, LATENT, 1.8)
        _box(model, (x + 1.2, 0.9), label, LABEL, 2.0)
        _box(model, (x, 2.5), "concatenate", NETWORK, 2.4)
        _box(model, (x + 0.7, 4.1), hidden, NETWORK, 2.6)
        _box(model, (x, 5.8), mixing, NETWORK, 4.0)
        _box(model, (x, 7.5), output, LATENT)
        for start, end in (
            ((x - 1.1, 1.25), (x - 0.6, 2.15)), ((x + 1.2, 1.25), (x + 0.6, 2.15)), ((x + 0.5, 2.85), (x + 0.7, 3.75)),
            ((x + 0.7, 4.45), (x + 0.7, 5.45)), ((x, 6.15), (x, 7.15)),
        ):  # fmt: skip
            _arrow(model, start, end)
        if bridge.config.gated_mixing:
            _arrow(model, (x - 0.9, 2.85), (x - 0.9, 5.45))
    model.text(2.3, 8.0, "$z' = \\mu + \\sigma\\,\\epsilon$", ha="center", fontsize=8)
    return drawing


def _bridge(study: Study) -> BridgingVAE:
    """Returns an untrained bridge of the reproduction's settings."""
    config = experiments.bridges(study.settings, "mnist_fashion_mnist")[0]
    return BridgingVAE([_LATENT_DIM] * 2, _NUM_CLASSES, **config.model)


def _figure_8(study: Study) -> str:
    caption = (
        "(a) The losses: squared error and KL divergence of each domain, sliced Wasserstein distance (SWD) between the "
        "domains' shared latents, and cross entropy of a linear classifier, which alone needs labels. Encoder and "
        "decoder are the same for both domains, told which by D. (b) A transfer."
    )
    return study.picture(study.write_plot("figure8", training_and_transfer(_bridge(study))), caption)


def _figure_10(study: Study) -> str:
    caption = (
        "The layers of the bridge and their widths, as trained here. Blue is computed, yellow computes, green is given."
    )
    return study.picture(study.write_plot("figure10", architecture(_bridge(study))), caption)


SECTIONS = {
    "figure8": Section("Figure 8: training and transfer", no_runs, _figure_8),
    "figure10": Section("Figure 10: architecture", no_runs, _figure_10),
}
