"""From two folders of pictures to a served translator in five commands, the real ones."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents
from latent_xlate.packaging import domain_making
from latent_xlate.serving.client import TranslatorClient
from tests.packaging.test_model_packaging import run
from tests.support import raw
from tests.support.served import Server

NUM_CLASSES = 3


def write_folders(folder):
    """Bars, and bars that are thicker since they are larger pictures shrunk; in either 150 of three classes."""
    raw.write_image_folder(folder / "bars", digits_like(240, NUM_CLASSES, seed=0))
    raw.write_image_folder(folder / "beams", digits_like(240, NUM_CLASSES, seed=1, image_size=40))
    return folder


@pytest.mark.long
def test_unlabelled_pictures_give_a_domain_without_a_judge_and_it_can_be_made_again(tmp_path):
    (tmp_path / "raw").mkdir()
    for number, image in enumerate(digits_like(48, image_size=8).content):
        raw.Image.fromarray(image[..., 0]).save(tmp_path / "raw" / f"{number}.png")
    for _ in range(2):
        domain = domain_making.make_image_domain(
            "plain_bars",
            tmp_path / "raw",
            tmp_path / "out",
            tmp_path / "runs",
            data_dir=str(tmp_path / "data"),
            image_size=8,
            epochs=1,
        )
    assert (domain.has_classifier, domain.class_names, domain.data_shape) == (False, (), (8, 8, 1))
    assert (Latents.load(tmp_path / "out" / "latents_test.npz").labels == -1).all()
    assert "classifier" not in (tmp_path / "out" / "MODEL_CARD.md").read_text()


def test_sounds_and_a_folder_of_something_else_are_refused(tmp_path):
    (tmp_path / "words" / "one").mkdir(parents=True)
    (tmp_path / "words" / "one" / "0.wav").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match="holds sounds, which take train_wavegan"):
        domain_making.make_image_domain("words", tmp_path / "words", tmp_path / "out", tmp_path / "runs")
    with pytest.raises(ValueError, match="There is no folder .*nowhere"):
        domain_making.make_image_domain("words", tmp_path / "nowhere", tmp_path / "out", tmp_path / "runs")
    (tmp_path / "pictures").mkdir()
    with pytest.raises(ValueError, match="holds something else than a domain"):
        domain_making.make_image_domain("words", tmp_path / "pictures", tmp_path, tmp_path / "runs")


@pytest.mark.slow
def test_two_folders_become_a_served_translator_in_five_commands(tmp_path):
    raw_dir = write_folders(tmp_path)
    data = f"--data_dir={tmp_path / 'data'}"
    for name in ("bars", "beams"):
        flags = "--epochs=40", "--batch_size=32", data, f"--output={tmp_path / 'out' / name}"
        run("make_domain", f"--name={name}", f"--raw_dir={raw_dir / name}", *flags)
    run(
        "train_bridge",
        "--config=own_domains:quick",
        f"--config.domains=('{tmp_path / 'out' / 'bars'}','{tmp_path / 'out' / 'beams'}')",
        "--config.num_steps=500",
        f"--workdir={tmp_path / 'bridge'}",
    )
    run("export", f"--translator={tmp_path / 'bridge' / 'translator'}", f"--output={tmp_path / 'export'}")
    server = Server(tmp_path / "export")
    try:
        bars = digits_like(30, NUM_CLASSES, seed=5)
        # As files, which a domain brings to its own size.
        x = Domain.load(tmp_path / "out" / "bars").read(tf.stack([tf.io.encode_png(each) for each in bars.content]))
        with TranslatorClient(server.grpc) as client:
            beams = client.translate(x.numpy(), source="bars", target="beams")
    finally:
        server.process.terminate()
        server.process.wait(60)
    judge = Domain.load(tmp_path / "out" / "beams")
    assert np.mean(np.argmax(judge.classify(beams), axis=1) == bars.labels) > 0.8
