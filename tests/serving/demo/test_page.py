"""The page in a real browser, of a real `bin/demo.py`."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from playwright.sync_api import sync_playwright

from latent_xlate.domains import pretrained
from latent_xlate.latents.latents import Latents
from tests.support import toys
from tests.support.paths import ROOT
from tests.support.processes import free_ports
from tests.support.toys import PICTURES, SOUNDS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECONDS = 120

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    toys.translator().save(folder / "translator")
    (port,) = free_ports(1)
    command = [sys.executable, str(ROOT / "bin" / "demo.py"), f"--translator={folder / 'translator'}", f"--port={port}"]
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=file, stderr=file)
    deadline = time.monotonic() + SECONDS
    while f"Open http://127.0.0.1:{port}/ in a browser." not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/"
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 130
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(request, browser, address):
    """The page with its first example shown; in the end nothing was asked for elsewhere.

    Nothing is complained of in the console but what a test gives as the parameter.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    see(page, PICTURES, "0")
    yield page
    page.close()
    assert [each for each in complaints if not each.startswith(getattr(request, "param", ()))] == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def card(page, name: str):
    return page.locator(f"#xlate-results [data-domain={name}]")


def see(page, name: str, class_name: str) -> None:
    """Waits until the mean of a domain's card is judged as a class."""
    card(page, name).locator(".xlate-mean .xlate-judged b", has_text=class_name).wait_for()


def draw_seven(page) -> None:
    canvas = page.locator("#xlate-drawing canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    corners = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in [(0.3, 0.2), (0.7, 0.2), (0.4, 0.8)]
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=10)
    page.mouse.up()


def recording(folder, digit: int):
    """The file of what the domain of sounds decodes of the latent of a recording that ships."""
    domain, latents = pretrained.load_domain(SOUNDS), Latents.load(pretrained.folder(SOUNDS) / "latents_test.npz")
    z = tf.constant(latents.mu[latents.labels == digit][:1])
    path = folder / "recording.wav"
    path.write_bytes(domain.write(domain.decode(z))[0].numpy())
    return path


def test_drawing_by_the_mouse_is_read_and_heard(page, tmp_path):
    draw_seven(page)
    see(page, PICTURES, "7")
    translated = card(page, SOUNDS)
    assert translated.locator(".xlate-samples li").count() == 4
    assert translated.locator(".xlate-mean .xlate-judged").inner_text().rstrip().endswith("%")
    translated.locator(".xlate-mean button").click()
    translated.locator(".xlate-mean button.xlate-playing").wait_for()
    page.locator(".xlate-playing").wait_for(state="detached")  # After a second.
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Draw here").wait_for()
    card(page, SOUNDS).wait_for(state="detached")
    page.locator("#xlate-inputs button").first.get_by_text("empty").wait_for()
    page.screenshot(path=tmp_path / "page.png", full_page=True)


def test_samples_go_as_far_as_the_temperature_says(page):
    samples = card(page, SOUNDS).locator(".xlate-samples img")
    slider = page.locator("#xlate-temperature input[type=range]")
    assert slider.input_value() == "1"

    def pictures():
        return [samples.nth(i).get_attribute("src") for i in range(4)]

    seen = {1: pictures()}
    for temperature in (2, 0):
        before = samples.first.get_attribute("src")
        slider.fill(str(temperature))
        changed = "before => document.querySelector('.xlate-samples img').src != before"
        page.wait_for_function(changed, arg=before)
        seen[temperature] = pictures()
    assert len({*seen[1], *seen[2]}) == 8
    assert len(set(seen[0])) == 1


def test_number_of_a_slider_is_beside_its_name(page):
    for name in ("Samples", "Temperature"):
        slider = page.locator(f"#xlate-{name.lower()}")
        places = [part.bounding_box() for part in (slider.get_by_text(name), slider.locator("input[type=number]"))]
        label, number = places
        assert number["y"] < label["y"] + label["height"] and label["x"] + label["width"] <= number["x"]


def upload(page, path) -> None:
    """Presses the button that uploads a file, and gives it one."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a").click()
    chooser.value.set_files(path)


def test_uploaded_sound_is_read_and_a_bad_one_is_named(page, tmp_path):
    page.get_by_label(SOUNDS).first.check()
    see(page, SOUNDS, "0")
    (tmp_path / "noise.wav").write_bytes(b"RIFF and no more")
    upload(page, tmp_path / "noise.wav")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text().startswith("noise.wav cannot be read: ")
    see(page, SOUNDS, "0")
    page.get_by_role("button", name="Second").click()
    page.get_by_role("alert").wait_for(state="detached")
    upload(page, recording(tmp_path, 8))
    page.locator("#xlate-inputs button").nth(1).get_by_text("8", exact=True).wait_for()
    slider = page.locator("#xlate-step input[type=range]")
    see(page, SOUNDS, "8")  # The slider is where the new input is.
    assert slider.input_value() == "100"
    slider.fill("0")
    see(page, SOUNDS, "0")
    page.get_by_text("Clear", exact=True).click()
    slider.wait_for(state="detached")


def test_upload_takes_the_place_of_the_drawing_and_noise_is_doubted(page, tmp_path):
    draw_seven(page)
    see(page, PICTURES, "7")
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    upload(page, tmp_path / "noise.png")
    page.get_by_role("alert").wait_for()
    said = page.get_by_role("alert").inner_text()
    assert said.startswith(f"{PICTURES} was trained on nothing like the first input (novelty ")
    page.get_by_text("Draw here").wait_for()
    draw_seven(page)
    see(page, PICTURES, "7")
    page.get_by_role("alert").wait_for(state="detached")


def test_what_is_left_out_of_a_file_is_said(page, tmp_path):
    frames = [Image.new("L", (60, 60), 0) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.paste(255, (28, 10 + number, 33, 50))  # A one that moves.
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    upload(page, tmp_path / "moving.gif")
    said = page.get_by_text("Of what you gave only the first of its 3 pictures is read.")
    said.wait_for()
    draw_seven(page)
    see(page, PICTURES, "7")
    said.wait_for(state="detached")


def tab_to(page, selector: str) -> None:
    """Presses Tab until something has the focus."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {selector}.")


def test_all_is_done_by_keyboard_on_a_narrow_screen(page):
    page.set_viewport_size({"width": 360, "height": 740})
    tab_to(page, "#xlate-drawing canvas")
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    see(page, PICTURES, "1")
    tab_to(page, "#xlate-examples button[aria-label$=' 3']")
    page.keyboard.press("Enter")
    see(page, PICTURES, "3")
    tab_to(page, "#xlate-samples input[type=range]")
    page.keyboard.press("ArrowRight")
    card(page, SOUNDS).locator(".xlate-samples li").nth(4).wait_for()
    tab_to(page, "#xlate-results .xlate-mean button")
    page.keyboard.press("Enter")
    page.locator(".xlate-playing").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.locator("h1").click()
    tab_to(page, f"#xlate-source input[value={SOUNDS}]")
    page.keyboard.press("Space")
    see(page, SOUNDS, "0")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
