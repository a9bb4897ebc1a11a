import numpy as np
import pytest

from latent_xlate.domains import pretrained
from latent_xlate.evaluation.recogniser import DIGITS, pronounced, recognise, share_understood
from latent_xlate.latents.sources import load_latents


@pytest.mark.skipif("spoken_digit" not in pretrained.list_domains(), reason="no domain of spoken digits ships")
def test_what_ships_speaks_so_that_it_is_understood():
    domain = pretrained.load_domain("spoken_digit")
    latents = load_latents(domain, "spoken_digit", "shipped", "test").take(slice(0, 50))
    x = domain.decode(latents.mu).numpy()
    assert share_understood(x, latents.labels, domain.class_names) > 0.6
    assert share_understood(x, (latents.labels + 5) % 10, domain.class_names) < 0.3
    backwards = share_understood(x[:, ::-1], latents.labels, domain.class_names)
    assert backwards < 0.5


def test_nothing_is_heard_in_silence():
    assert recognise(np.zeros((2, 16384), np.float32)).tolist() == [-1, -1]


def test_digits_are_pronounced_in_english_and_other_classes_as_they_are_named():
    assert pronounced(["0", "9", "Stop", "10"]) == ["zero", "nine", "stop", "10"]
    assert len(set(DIGITS)) == 10


def test_a_word_that_the_recogniser_does_not_know_is_named():
    with pytest.raises(ValueError, match="does not know the word 'xqzzy'"):
        recognise(np.zeros((1, 16384), np.float32), ["zero", "xqzzy"])
