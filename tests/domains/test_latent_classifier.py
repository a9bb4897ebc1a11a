import numpy as np

from latent_xlate.domains.latent_classifier import LatentClassifier
from tests.support.model_checks import check_saving


def test_it_saves_and_loads(tmp_path):
    classifier = LatentClassifier(6, 4, hidden_units=(8,))
    classifier.build()
    check_saving(classifier, np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32), tmp_path)
