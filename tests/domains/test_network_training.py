import keras
import numpy as np
import pytest

from latent_xlate.domains.network_training import BestWeights, averaged_weights


def test_best_weights_are_those_of_the_highest_score(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    best = BestWeights(model, tmp_path / "best.npz")

    def update(score, write=True):
        model.set_weights([np.full((1, 1), score), np.zeros(1)])
        best.update(score, write)

    def kept():
        model.set_weights([np.full((1, 1), -1), np.zeros(1)])
        best.read()
        return model.get_weights()[0].item()

    for score, expected in ((0.5, 0.5), (0.25, 0.5), (0.5, 0.5), (0.75, 0.75)):
        update(score)
        assert kept() == expected
    # Of a worker that is not the chief the score alone.
    update(0.875, write=False)
    assert float(best.value.numpy()) == 0.875
    assert kept() == 0.75


def test_age_counts_the_scores_since_the_best(tmp_path):
    best = BestWeights(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), tmp_path / "best.weights.h5")
    ages = []
    for score in (-2.0, -3.0, -2.0, -1.0, -1.5):
        best.update(score, write=False)
        ages.append(int(best.age.numpy()))
    assert ages == [0, 1, 2, 0, 1]


def test_averaged_weights_are_the_optimizers_moving_averages_and_the_weights_stay():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(optimizer=keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5))
    network.set_weights([np.zeros((1, 1))])
    kernel = network.trainable_variables[0]
    for _ in range(3):  # The weight becomes 1, 2, 3, its average 1, 1.5, 2.25.
        network.optimizer.apply([-np.ones((1, 1), np.float32)], [kernel])
    assert averaged_weights(network)[0].item() == 2.25
    assert network.get_weights()[0].item() == 3.0
    network.compile(optimizer=keras.optimizers.SGD(1.0))
    assert averaged_weights(network)[0].item() == 3.0


def test_best_weights_of_a_run_that_an_earlier_version_began(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    best = BestWeights(model, tmp_path / "best.npz")
    with pytest.raises(ValueError, match=r"Weights .*best\.npz are missing\."):
        best.read()
    older = tmp_path / "best.weights.h5"
    model.set_weights([np.full((1, 1), 0.5), np.zeros(1)])
    model.save_weights(older)
    model.set_weights([np.full((1, 1), 0.25), np.zeros(1)])
    best.read()
    assert model.get_weights()[0].item() == 0.5
    model.set_weights([np.full((1, 1), 0.75), np.zeros(1)])
    best.update(1.0, write=True)
    model.set_weights([np.full((1, 1), 0.25), np.zeros(1)])
    best.read()
    assert model.get_weights()[0].item() == 0.75
    best.path.unlink()
    older.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"best\.weights\.h5 does not hold the weights of .* or is damaged"):
        best.read()
