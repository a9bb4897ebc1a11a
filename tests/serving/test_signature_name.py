import itertools

import pytest

from latent_xlate.serving.signature_name import Payload, SignatureName, novelty_signature, parse_signatures


def names(domains, without_encoder=()):
    """The signatures of a translator, some of whose domains are a source of latents only."""
    return [
        name
        for name in SignatureName.possible(domains)
        if name.payload is Payload.LATENTS or name.source not in without_encoder
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (SignatureName("a", "b"), "a_to_b"),
        (SignatureName("a", "b", Payload.ARRAYS), "a_to_b_arrays"),
        (SignatureName("a", "b", Payload.LATENTS), "a_to_b_latents"),
        (SignatureName("a", "a", sampled=True), "a_to_a_sampled"),
        (SignatureName("a_to_b", "c", Payload.ARRAYS, True), "a_to_b_to_c_arrays_sampled"),
    ],
)
def test_names_are_formatted(name, text):
    assert str(name) == text


def test_inputs_and_outputs_have_the_payloads_key():
    assert {payload.name: payload.key for payload in Payload} == {"FILES": "data_bytes", "ARRAYS": "x", "LATENTS": "z"}


@pytest.mark.parametrize(
    "domains",
    [
        ("digits",),
        ("digits", "clothes"),
        ("mnist", "fashion_mnist", "spoken_digit"),
        ("a_to_b", "c"),
        ("a", "b_to_c"),
        ("to", "a_to", "to_b"),
        ("x_to_y_to_x", "z"),
        # "u_to_v_to_u_to_v" is here the translation of u, and not of a domain "u_to_v" to itself.
        ("u", "v_to_u_to_v"),
        ("x_latents", "y"),
        ("x_sampled", "y_arrays"),
    ],
)
@pytest.mark.parametrize("encoders", ["all", "all but one"])
def test_what_is_formatted_is_parsed(domains, encoders):
    expected = names(domains, without_encoder=domains[:1] if encoders == "all but one" else ())
    texts = [str(name) for name in expected]
    assert len(set(texts)) == len(texts)
    assert parse_signatures([*texts, "serving_default"]) == dict(zip(texts, expected, strict=True))
    novelty = [novelty_signature(domain, payload) for domain in domains for payload in (Payload.FILES, Payload.ARRAYS)]
    assert parse_signatures([*texts, *novelty]) == dict(zip(texts, expected, strict=True))


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["serving_default"],
        ["score", "score_latents"],
        ["digits_to_clothes_latents"],
        ["digits_to_digits_latents", "digits_to_digits_latents_sampled", "embed"],
        ["_to__latents", "_to__latents_sampled"],
        ["novelty_digits"],
        ["digits_to_digits_latents", "novelty_clothes"],
    ],
)
def test_other_models_have_no_such_signatures(texts):
    with pytest.raises(ValueError, match="not the signatures of an exported translator"):
        parse_signatures(texts)


def test_every_pair_of_domains_is_translated():
    texts = [str(name) for name in names(("a", "b", "c"))]
    pairs = {(name.source, name.target) for name in parse_signatures(texts).values()}
    assert pairs == set(itertools.product("abc", repeat=2))
