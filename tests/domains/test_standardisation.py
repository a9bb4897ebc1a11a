import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import files
from latent_xlate.domains.standardisation import Standardisation
from tests.support.tolerances import assert_close


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_standardised_latents_have_mean_0_and_deviation_1_and_come_back(scale):
    z = scale * np.random.default_rng(0).normal(2, [0.5, 1, 3], size=(1000, 3)).astype(np.float32)
    z[:, 1] = 7 * scale  # It does not change.
    own = Standardisation.of_moments(z.mean(axis=0, dtype=np.float64), z.var(axis=0, dtype=np.float64))
    standard = own.apply(z)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standard.std(axis=0), [1, 0, 1], atol=1e-4)
    np.testing.assert_allclose(own.undo(standard), z, rtol=1e-5)
    graph = tf.function(lambda z: own.undo(own.apply(z)))
    assert_close(graph(tf.constant(z)), z, rtol=1e-5)


def test_it_saves_and_loads_and_refuses_what_is_none(tmp_path):
    path = tmp_path / "standardisation.npz"
    own = Standardisation(np.array([1, 2], np.float32), np.array([0.5, 3], np.float32))
    own.save(path)
    again = Standardisation.load(path, 2)
    np.testing.assert_array_equal(np.stack([again.shift, again.scale]), np.stack([own.shift, own.scale]))
    with pytest.raises(ValueError, match="holds no standardisation of latents of 3 numbers"):
        Standardisation.load(path, 3)
    for scale in ([0.5, 0], [0.5, np.nan], [[0.5, 1]]):
        files.write_npz(path, {"shift": own.shift, "scale": np.array(scale, np.float32)})
        with pytest.raises(ValueError, match="holds no standardisation of latents of 2 numbers"):
            Standardisation.load(path, 2)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no standardisation of latents, or is damaged"):
        Standardisation.load(path, 2)
    path.unlink()
    with pytest.raises(ValueError, match="is missing"):
        Standardisation.load(path, 2)
