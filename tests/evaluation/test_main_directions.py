import numpy as np

from latent_xlate.evaluation.main_directions import main_directions


def test_main_directions_are_those_of_largest_variance():
    generator = np.random.default_rng(0)
    turn = np.linalg.qr(generator.normal(size=(4, 4)))[0]
    places = generator.normal(size=(20_000, 4)) * [3.0, 2.0, 1.0, 0.5]
    found, shares = main_directions(places @ turn + 7.0)
    for column in range(2):
        assert abs(np.corrcoef(found[:, column], places[:, column])[0, 1]) > 0.99
    np.testing.assert_allclose(shares, np.array([9.0, 4.0]) / 14.25, rtol=0.03)
