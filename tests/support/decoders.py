"""Domains that nothing leads into, as GANs are, and a bridge between them."""

from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.translator import Translator
from tests.support import tiny


class DecoderOnly(ImageDomain):
    has_encoder = False

    def encode(self, x):
        raise NotImplementedError


def decoders(names: tuple[str, str] = ("digits", "clothes")) -> Translator:
    """A translator of domains without encoders, whose export is quick, since it has latents alone."""
    domains = [DecoderOnly(name, tiny.image_domain(name, size).vae) for name, size in zip(names, (6, 5), strict=True)]
    return Translator(domains, tiny.bridge((6, 5)))
