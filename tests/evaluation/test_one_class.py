import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as PILImage

from latent_xlate.baselines.linear_maps import AffineBridge
from latent_xlate.domains import pretrained
from latent_xlate.evaluation import one_class
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.image import Image
from latent_xlate.translator import Translator
from tests.support import identity, shipped, tiny


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Pretrained domains, and two translators of them."""
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(shipped.write(tmp_path / "savedmodels")))
    domains = [pretrained.load_domain(name) for name in shipped.LATENT_DIMS]
    for seed, name in enumerate(("first", "second")):
        Translator(domains, tiny.bridge((6, 5), seed=seed)).save(tmp_path / name)
    Translator(domains, AffineBridge((6, 5), 10)).save(tmp_path / "affine")
    return tmp_path


def test_instances_are_typical_ones_along_their_main_direction():
    places = np.random.default_rng(0).permutation(100)
    odd = places % 5 == 0
    brightness = 0.2 + 0.006 * places[:, np.newaxis]
    mu = (brightness + 0.1 * odd[:, np.newaxis] * [1, 1, -1, -1]).astype(np.float32)
    latents = Latents(mu, np.zeros_like(mu), np.zeros(100, np.int32))
    chosen, pictures = one_class.in_order(identity.IdentityDomain("here", Image(2, 2)), latents, "0")
    assert len(chosen) == one_class.COLUMNS
    assert not odd[chosen].any()
    steps = np.diff(places[chosen])
    assert abs(steps).max() < 20 and (np.sign(steps) == np.sign(steps[0])).all()
    np.testing.assert_allclose(pictures.reshape(-1, 4), mu[chosen], atol=1e-6)


def test_rows_are_the_translators_own(folder):
    translator, z = Translator.load(folder / "first"), shipped.latents("digits", 10).mu
    domain = translator.domain("clothes")
    rows = [one_class.translated(translator, z, "digits", "clothes", temperature) for temperature in (0, 0, 1, 1)]
    mean = domain.decode(translator.translate_latents(tf.constant(z), "digits", "clothes"))
    np.testing.assert_allclose(rows[0], domain.pictures(mean), atol=1e-6)
    np.testing.assert_array_equal(rows[2], rows[3])
    assert np.abs(rows[2] - rows[0]).max() > 1e-3


def test_figure_has_a_row_for_the_instances_and_for_each_translator_and_temperature(folder):
    translators, sizes = {name: str(folder / name) for name in ("first", "second")}, {}
    for count in (1, 3):
        path = folder / "figures" / f"{count}.png"
        assert one_class.draw_one_class(path, translators, "digits", "clothes", "3", [0.0, 1.0, 2.0][:count]) == path
        sizes[count] = np.asarray(PILImage.open(path)).shape[0]
    assert sizes[3] == pytest.approx(7 / 3 * sizes[1], rel=0.15)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"class_name": "nine"}, "Unknown class of domain 'digits' 'nine'"),
        ({"target": "cloths"}, "Unknown domain 'cloths'. Did you mean 'clothes'"),
        ({"temperatures": [101]}, "The temperature is 101; it must lie in"),
        ({"folders": {"affine": "affine"}, "temperatures": [0.5]}, "no shared latent to sample: leave out"),
        ({"folders": {"none": "none"}}, "There is no translator in"),
    ],
)
def test_what_cannot_be_drawn_is_refused(folder, fields, message):
    given = {"folders": {"first": "first"}, "source": "digits", "target": "clothes", "class_name": "3"} | fields
    given["folders"] = {name: str(folder / path) for name, path in given["folders"].items()}
    with pytest.raises(ValueError, match=message):
        one_class.draw_one_class(folder / "out.png", **given)
    assert not (folder / "out.png").exists()


def test_a_single_instance_has_no_order():
    latents = Latents(np.ones((1, 2), np.float32), np.zeros((1, 2), np.float32), np.zeros(1, np.int32))
    with pytest.raises(ValueError, match="class '0' of domain 'here': 1; an order needs 2 at least"):
        one_class.in_order(identity.IdentityDomain("here", Array((2,))), latents, "0")
