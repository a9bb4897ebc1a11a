"""A translator of the pretrained domains of a picture and a sound by a bridge that has learnt nothing."""

from __future__ import annotations

from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.translator import Translator
from tests.support import tiny

PICTURES, SOUNDS = "mnist", "spoken_digit"


def translator() -> Translator:
    domains = [Domain.load(pretrained.folder(name)) for name in (PICTURES, SOUNDS)]
    return Translator(domains, tiny.bridge(tuple(domain.latent_dim for domain in domains)))
