"""Data sets and judges that own models share with others, of pictures of another size."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.data import tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains.custom.keras_domain import KerasDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.held_out import HeldOutLoader
from latent_xlate.evaluation.protocols import PROTOCOLS
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents
from latent_xlate.modalities.array import Array
from latent_xlate.packaging.model_packaging import package_model_domain
from latent_xlate.translator import Translator
from tests.support import own_models, raw, tiny
from tests.support.tolerances import assert_close


def own(**options):
    return KerasDomain.of("own", own_models.decoder(), own_models.encoder(), **options)


@pytest.mark.long
def test_a_data_set_becomes_the_domains_with_its_pictures_resized(tmp_path):
    splits = raw.small_splits()
    tfds_sets.store("shapes", splits, tmp_path / "data")
    shipped = package_model_domain(own(), tmp_path / "own", "shapes", tmp_path / "data")
    assert (shipped.dataset, shipped.class_names) == ("shapes", ("0", "1", "2"))
    data = shipped.load_data("test", tmp_path / "data")
    expected = tf.image.resize(splits["test"].floats, (8, 8), antialias=True).numpy()
    assert data.content.shape == (20, 8, 8, 1)
    np.testing.assert_allclose(data.floats.mean(axis=0), expected.mean(axis=0), atol=1 / 255)
    latents = load_latents(shipped, str(tmp_path / "own"), "dataset", "test", str(tmp_path / "data"))
    assert_close(latents.mu, shipped.encode(tf.constant(data.floats))[0], rtol=1e-4, atol=1e-4)
    flat = KerasDomain.of("flat", own_models.decoder(), own_models.encoder(), modality=Array((8, 8, 1)))
    flat.dataset = "shapes"
    with pytest.raises(ValueError, match="it is damaged, or has no labelled arrays"):
        flat.load_data("test", tmp_path / "data")


def test_what_is_packaged_stands_for_a_data_set_that_is_none_and_this_is_said(tmp_path, capsys):
    pictures = raw.write_image_folder(tmp_path / "pictures", digits_like(48, 4, image_size=8))
    package_model_domain(own(), tmp_path / "own", pictures)
    domain, digits = Domain.load(tmp_path / "own"), tiny.image_domain("digits")
    latents = load_latents(domain, str(tmp_path / "own"), "dataset", "test", str(tmp_path))
    np.testing.assert_array_equal(latents.mu, Latents.load(tmp_path / "own" / "latents_test.npz").mu)
    said = "The data of domain 'own' are no data set: the latents that are packaged stand for latents=dataset."
    assert said in capsys.readouterr().err
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text(f'{{"domains": ["{tmp_path}/own"]}}')
    loader = HeldOutLoader("dataset", ["own"], PROTOCOLS["held_out"], str(tmp_path))
    translator = Translator([domain, digits], tiny.bridge((3, 6)))
    translator.domains.pop("digits")
    loaded, _ = loader.load(translator, run / "translator")
    np.testing.assert_array_equal(loaded["own"].mu, latents.mu)
    assert loader.kinds == {"own": "shipped"}
    assert said in capsys.readouterr().err


def test_a_shared_judge_sees_resized_pictures_and_ships_with_the_domain(tmp_path):
    digits, domain = tiny.image_domain("digits"), own()
    assert not domain.has_classifier
    domain.share_judge(digits)
    x = tf.constant(own_models.pictures())
    larger = tf.image.resize(x, (28, 28))
    for each in (domain, Domain.load(domain.save(tmp_path / "own"))):
        assert each.has_classifier
        assert_close(each.classify(x), digits.classify(larger), rtol=1e-4, atol=1e-5)
        assert_close(each.features(x), digits.features(larger), rtol=1e-4, atol=1e-5)
        assert_close(each.judge(x)[1], digits.features(larger), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="Domain 'own' has no classifier to share"):
        domain.share_judge(own())
    colour = (8, 8, 3)
    coloured = KerasDomain.of("colours", own_models.decoder(colour), own_models.encoder(shape=colour))
    with pytest.raises(ValueError, match=r"judges images \[28, 28, 1\], and these are images \[8, 8, 3\]"):
        coloured.share_judge(digits)
