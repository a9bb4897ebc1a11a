"""HTML of the page: inputs, translations as pictures and sounds, and their predicted classes."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from PIL import Image

from latent_xlate.domains.novelty import NOVEL
from latent_xlate.serving.demo.player import Shown

_SPECTRUM = matplotlib.colormaps["magma"]


def results(source: str, seen: Shown, translations: Mapping[str, tuple[Shown, Sequence[Shown]]]) -> str:
    """The reconstructed input and its translations.

    Args:
        source: Name of the domain of the input.
        seen: The input as decoded from its latent.
        translations: By target, the translation of the mean and those of samples.
    """
    cards = [_card(source, "the input, as its model sees it", seen, [], "xlate-seen")]
    cards += [_card(target, f"from {source}", *both) for target, both in translations.items()]
    return f'<div class="xlate-cards">{"".join(cards)}</div>'


def inputs(shown: Sequence[Shown | None], chosen: int) -> str:
    """Buttons to choose the input that a drawing, a file or an example replaces."""
    names = ("First", "Second")
    buttons = [
        f'<button type="button" class="xlate-input" aria-pressed="{str(number == chosen).lower()}" '
        f'data-number="{number}">{_image(each) if each else _NOTHING}<span><b>{name}</b>'
        f"<small>{_input_caption(each)}</small></span></button>"
        for number, (name, each) in enumerate(zip(names, shown, strict=True))
    ]
    hint = "" if all(shown) else f'<p class="xlate-note">{_TWO_INPUTS}</p>'
    return f'<div class="xlate-inputs" role="group" aria-label="Input to change">{"".join(buttons)}</div>{hint}'


def examples(shown: Sequence[Shown], names: Sequence[str]) -> str:
    """Buttons to choose an example."""
    buttons = [
        f'<button type="button" data-number="{number}" aria-label="Example: {html.escape(name)}" '
        f'title="{html.escape(name)}">{_image(each)}<small>{html.escape(name)}</small></button>'
        for number, (each, name) in enumerate(zip(shown, names, strict=True))
    ]
    return f'<h4>Examples</h4><div class="xlate-examples">{"".join(buttons)}</div>' if buttons else ""


def message(sentence: str) -> str:
    """An error message."""
    return f'<p class="xlate-message" role="alert">{html.escape(sentence)}</p>' if sentence else ""


def doubts(source: str, novelty: Sequence[float]) -> str:
    """A warning of the first and the second input that are unlike what the source was trained on."""
    named = [
        f"the {name} input (novelty {value:.3g}, where {NOVEL:g} is the limit)"
        for name, value in zip(("first", "second"), novelty, strict=True)
        if value > NOVEL
    ]
    unlike = f"{source} was trained on nothing like {' and '.join(named)}: do not trust its translations."
    return message(unlike) if named else ""


_TWO_INPUTS = "Choose the other one and fill it, too: a slider then goes from one to the other."
_NOTHING = '<span class="xlate-nothing" aria-hidden="true">+</span>'


def _input_caption(shown: Shown | None) -> str:
    if shown is None:
        return "empty"
    return html.escape(shown.class_name or "")


def _card(name: str, caption: str, mean: Shown, samples: Sequence[Shown], more_classes: str = "") -> str:
    parts = [
        f"<header><h3>{html.escape(name)}</h3><small>{html.escape(caption)}</small></header>",
        f'<div class="xlate-mean">{_medium(mean, f"{name}, {caption}")}{_judged(mean)}</div>',
    ]
    if samples:
        items = [
            f"<li>{_medium(each, f'{name}, sample {number}')}{_judged(each)}</li>"
            for number, each in enumerate(samples, 1)
        ]
        parts.append(f'<h4>Samples</h4><ol class="xlate-samples">{"".join(items)}</ol>')
    return f'<section class="xlate-card {more_classes}" data-domain="{html.escape(name)}">{"".join(parts)}</section>'


def _judged(shown: Shown) -> str:
    if shown.class_name is None:
        return ""
    percent = f"{100 * shown.probability:.0f} %"
    return (
        f'<p class="xlate-judged"><b>{html.escape(shown.class_name)}</b> <span>{percent}</span>'
        f'<i style="--share: {shown.probability:.3f}" aria-hidden="true"></i></p>'
    )


def _medium(shown: Shown, what: str) -> str:
    """A picture; for a sound its spectrogram, as a button that plays it."""
    if shown.sound is None:
        return _image(shown, html.escape(what))
    content = _data_url("audio/wav", shown.sound)
    return (
        f'<button type="button" class="xlate-sound" data-sound="{content}" aria-label="Play {html.escape(what)}">'
        f"{_image(shown)}</button>"
    )


def _image(shown: Shown, description: str = "") -> str:
    picture = np.clip(shown.picture, 0.0, 1.0)
    if shown.sound is not None:
        picture = _SPECTRUM(picture[..., 0])[..., :3]
    pixels = np.round(255 * picture).astype(np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(png, "PNG")
    return f'<img src="{_data_url("image/png", png.getvalue())}" alt="{description}">'


def _data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
