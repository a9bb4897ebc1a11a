"""Domains that nothing leads into, as GANs are, and a bridge between them."""

from latent_xlate.domains.image_domain import ImageDomain
from latent_xlate.translator import Translator
from tests import tiny


class DecoderOnly(ImageDomain):
    has_encoder = False

    def encode(self, x):
        raise NotImplementedError


def decoders() -> Translator:
    """Domains "digits" and "clothes" without encoders; its export is quick, since it has latents alone."""
    domains = [DecoderOnly(name, tiny.image_domain(name, size).vae) for name, size in (("digits", 6), ("clothes", 5))]
    return Translator(domains, tiny.bridge((6, 5)))
