"""The page in Gradio. Needs the extra `demo`."""

from __future__ import annotations

import dataclasses
import html
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # Before the import, which sends statistics.

import gradio as gr

from latent_xlate import checks
from latent_xlate.serving.demo import view
from latent_xlate.serving.demo.player import Player
from latent_xlate.serving.demo.session import SAMPLES, STEPS, TEMPERATURE, Session

MAX_FILE_SIZE = "16mb"
MOST_SAMPLES = 8
SLIDER_TEMPERATURE = 2
STRIDE = 5
"""Step size of the slider between two inputs."""

ASSETS = Path(__file__).parent / "assets"

TITLE = "Latent translation"
_ABOUT = (
    "Generative models, each of its own kind of data, and one bridge between their latents. Draw, upload, record, or "
    "pick an example in one domain: it appears in all others at once."
)


Change = dict[Any, Any]
"""New values of components of the page."""


class Page:
    """The page: its layout, and the reactions to its events.

    Attributes:
        blocks: The page as Gradio's Blocks.
    """

    def __init__(self, player: Player):
        """Lays out the page for a player."""
        self._player = player
        source = player.names[0]
        with gr.Blocks(title=TITLE, analytics_enabled=False) as self.blocks:
            about = " ".join([_ABOUT, html.escape(player.remarks)])
            gr.HTML(f'<header class="xlate-title"><h1>{TITLE}</h1><p>{about.strip()}</p></header>')
            self._session = gr.State(Session(source, _others(player.names, source)))
            with gr.Row(elem_classes="xlate-columns"):
                with gr.Column(scale=2, min_width=300):
                    self._lay_out_inputs(source)
                with gr.Column(scale=5, min_width=300):
                    self._lay_out_results(source)
            self._listen()

    def _lay_out_inputs(self, source: str) -> None:
        self._source = gr.Radio(self._player.names, value=source, label="From", elem_id="xlate-source")
        self._inputs = gr.HTML(view.inputs([None, None], 0), js_on_load=_asset("pick.js"), elem_id="xlate-inputs")
        with gr.Column(visible=self._is_drawn(source)) as self._drawn:
            self._drawing = gr.HTML(
                "", html_template=_asset("drawing.html"), js_on_load=_asset("drawing.js"), elem_id="xlate-drawing"
            )
        with gr.Row(visible=self._player.reads_files(source)) as self._uploaded:
            self._clear = gr.Button("Clear", size="md", min_width=80)
            self._file = gr.UploadButton(**self._upload(source), size="md", min_width=160)
        self._sound = gr.Audio(
            sources=["microphone"],
            type="filepath",
            label="Record a sound",
            visible=self._is_recorded(source),
            buttons=[],
            elem_id="xlate-sound",
        )
        self._examples = gr.HTML(self._draw_examples(source), js_on_load=_asset("pick.js"), elem_id="xlate-examples")

    def _lay_out_results(self, source: str) -> None:
        names, is_sampled = self._player.names, self._player.is_sampled
        with gr.Row(elem_classes="xlate-controls"):
            self._targets = gr.CheckboxGroup(
                names, value=list(_others(names, source)), label="To", elem_id="xlate-targets", scale=3, min_width=240
            )
            self._num_samples = gr.Slider(
                0, MOST_SAMPLES, SAMPLES, step=1, label="Samples", elem_id="xlate-samples",
                scale=2, min_width=160, visible=is_sampled, buttons=[],
            )  # fmt: skip
            self._temperature = gr.Slider(
                0, SLIDER_TEMPERATURE, TEMPERATURE, step=0.1, label="Temperature", elem_id="xlate-temperature",
                scale=2, min_width=160, visible=is_sampled, buttons=[],
            )  # fmt: skip
            self._again = gr.Button(
                "New samples", size="md", scale=1, min_width=140, visible=is_sampled, elem_id="xlate-again"
            )
        self._step = gr.Slider(
            0,
            STEPS,
            0,
            step=STRIDE,
            label="Way from the first input to the second, %",
            visible=False,
            elem_id="xlate-step",
            buttons=[],
        )
        self._message = gr.HTML("", elem_id="xlate-message")
        self._results = gr.HTML("", js_on_load=_asset("play.js"), elem_id="xlate-results")

    def _listen(self) -> None:
        on = self._on
        on(self.blocks.load, self._begin)
        on(self._source.input, self._change_source, self._source)
        on(self._inputs.select, self._choose, numbered=True)
        on(self._drawing.input, self._draw, self._drawing)
        on(self._clear.click, self._erase)
        on(self._file.upload, self._upload_file, self._file)
        on(self._sound.change, self._read, self._sound)
        on(self._examples.select, self._pick, numbered=True)
        on(self._again.click, self._sample_again)
        for setting in (self._targets, self._num_samples, self._temperature, self._step):
            on(setting.input, self._show)

    def _on(self, event: Callable, function: Callable[..., Change], *inputs: Any, numbered: bool = False) -> None:
        """Connects an event to a function that returns what changes.

        Args:
            event: The event of a component.
            function: Called with the session, and with the values of `inputs` or the number of the pressed button.
            *inputs: Components.
            numbered: Whether the event has the number of a button.
        """

        def answer(
            event: gr.EventData,
            session: Session,
            targets: list[str],
            num_samples: int,
            temperature: float,
            step: int,
            *values: Any,
        ) -> Change:
            session = dataclasses.replace(
                session, targets=tuple(targets), num_samples=num_samples, temperature=temperature, step=step
            )
            if numbered:
                values = (int(event.number),)
            try:
                return function(session, *values)
            except (ValueError, OSError) as error:  # An unreadable file, or a failure of a server.
                return {self._message: view.message(str(error))}
            except tf.errors.OpError as error:  # A failure of the networks.
                return {self._message: view.message(f"{checks.sentence(error)}.")}

        event(
            answer,
            [self._session, self._targets, self._num_samples, self._temperature, self._step, *inputs],
            [
                self._session, self._source, self._inputs, self._drawn, self._drawing, self._uploaded, self._file,
                self._sound, self._examples, self._targets, self._step, self._message, self._results,
            ],
            # Requests are answered one by one, and only the latest is kept, since a moving slider sends many.
            trigger_mode="always_last",
            concurrency_id="player",
            show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip

    # ---- Reactions to events: from the session to what changes -------------------------------------

    def _begin(self, session: Session) -> Change:
        """Shows the first example, so that the page is not empty."""
        if not len(self._player.examples[session.source].z):
            return self._show(session)
        return self._show(session.with_input(self._player.example(session.source, 0)))

    def _change_source(self, session: Session, source: str) -> Change:
        targets, drawn = _others(self._player.names, source), self._is_drawn(source)
        settings = {key: getattr(session, key) for key in ("num_samples", "seed", "temperature")}
        changed = self._begin(Session(source, targets, **settings))
        return changed | {
            self._targets: gr.update(value=list(targets)),
            self._step: gr.update(value=0, visible=False),
            self._drawn: gr.update(visible=drawn),
            self._drawing: "",
            self._uploaded: gr.update(visible=self._player.reads_files(source)),
            self._file: gr.update(**self._upload(source)),
            self._sound: gr.update(value=None, visible=self._is_recorded(source)),
            self._examples: self._draw_examples(source),
        }

    def _choose(self, session: Session, number: int) -> Change:
        changed = self._show(dataclasses.replace(session, chosen=int(number == 1)))
        return changed | {self._drawing: "", self._sound: gr.update(value=None)}

    def _draw(self, session: Session, drawing: str) -> Change:
        return self._show(session.with_input(*self._player.read_drawing(session.source, drawing)))

    def _erase(self, session: Session) -> Change:
        return self._show(session.with_input(None)) | {self._drawing: "", self._sound: gr.update(value=None)}

    def _upload_file(self, session: Session, path: str) -> Change:
        return self._read(session, path) | {self._sound: gr.update(value=None)}

    def _read(self, session: Session, path: str | None) -> Change:
        if path is None:  # The recorder was emptied, by the user or by the page.
            return {self._session: session}
        shown = self._show(session.with_input(*self._player.read(session.source, path)))
        left_out = self._player.left_out(session.source, path)
        said = view.message(f"Of what you gave {left_out}.") if left_out else ""
        return shown | {self._drawing: "", self._message: shown[self._message] + said}

    def _pick(self, session: Session, number: int) -> Change:
        z = self._player.example(session.source, number)
        return self._show(session.with_input(z)) | {self._drawing: "", self._sound: gr.update(value=None)}

    def _sample_again(self, session: Session) -> Change:
        return self._show(dataclasses.replace(session, seed=secrets.randbits(31)))

    def _show(self, session: Session) -> Change:
        """Shows the inputs and their translations."""
        player, given = self._player, [z for z in session.inputs if z is not None]
        shown = [None if z is None else player.show(session.source, z[np.newaxis])[0] for z in session.inputs]
        results = ""
        if given:
            z = given[0] if len(given) == 1 else player.between(given[0], given[1], session.step)
            seen = player.show(session.source, z[np.newaxis])[0]
            results = view.results(
                session.source,
                seen,
                {
                    target: player.translate(
                        z, session.source, target, session.num_samples, session.seed, session.temperature
                    )
                    for target in session.targets
                },
            )
        return {
            self._session: session,
            self._inputs: view.inputs(shown, session.chosen),
            self._step: gr.update(visible=len(given) == 2, value=session.step),
            self._message: view.doubts(session.source, session.novelty),
            self._results: results,
        }

    # ---- Inputs of a source -------------------------------------------------------------------------

    def _is_drawn(self, source: str) -> bool:
        return self._player.reads_files(source) and self._player.modality(source).is_drawn

    def _is_recorded(self, source: str) -> bool:
        return self._player.reads_files(source) and self._player.modality(source).is_played

    def _upload(self, source: str) -> dict[str, Any]:
        """The label of the button that uploads a file, and what files it takes."""
        modality = self._player.modality(source)
        article = "an" if modality.noun[0] in "aeiou" else "a"
        return {"label": f"Upload {article} {modality.noun}", "file_types": list(modality.file_suffixes)}

    def _draw_examples(self, source: str) -> str:
        examples = self._player.examples[source]
        return view.examples(self._player.show(source, examples.z), examples.names)


def launch(player: Player, host: str, port: int) -> str:
    """Serves the page in threads of this process, until the process ends.

    Args:
        player: What the page shows.
        host: Address to listen on.
        port: Port, which must be free.

    Returns:
        URL of the page.

    Raises:
        OSError: The port is taken, or the address is not this machine's.
    """
    socket.create_server((host, port)).close()  # Raises a clear error for a taken port, unlike Gradio.
    fonts = ("system-ui", "sans-serif")  # System fonts, so that nothing is fetched from other servers.
    theme = gr.themes.Base(
        primary_hue="indigo", neutral_hue="slate", radius_size="lg", font=fonts, font_mono=("ui-monospace", "monospace")
    ).set(body_text_color_subdued="*neutral_500", block_radius="12px", container_radius="12px")
    _, address, _ = Page(player).blocks.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        max_file_size=MAX_FILE_SIZE,
        theme=theme,
        css_paths=ASSETS / "page.css",
    )
    return address


def _others(names: Sequence[str], source: str) -> tuple[str, ...]:
    """All domains except the source; the source if it is the only one."""
    return tuple(name for name in names if name != source) or (source,)


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
