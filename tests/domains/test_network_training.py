import keras
import numpy as np

from latent_xlate.domains.network_files import read_weights
from latent_xlate.domains.network_training import BestWeights


def test_best_weights_are_those_of_the_highest_score(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    best = BestWeights(model, tmp_path / "best.npz")

    def update(score, write=True):
        model.set_weights([np.full((1, 1), score), np.zeros(1)])
        best.update(score, write)

    def kept():
        read_weights(model, best.path)
        return model.get_weights()[0].item()

    for score, expected in ((0.5, 0.5), (0.25, 0.5), (0.5, 0.5), (0.75, 0.75)):
        update(score)
        assert kept() == expected
    # Of a worker that is not the chief the score alone.
    update(0.875, write=False)
    assert float(best.value.numpy()) == 0.875
    assert kept() == 0.75
