import keras
import numpy as np
import pytest

from latent_xlate import training
from latent_xlate.baselines.rectified_flow import RectifiedFlow
from latent_xlate.optimizer import FusedAdam
from tests.support import rival_checks, synthetic
from tests.support.baseline_checks import eagerly

short_classifiers = pytest.fixture(rival_checks.short_classifiers, scope="module", autouse=True)


def small(**options) -> RectifiedFlow:
    keras.utils.set_random_seed(0)
    options = {"hidden_units": (64,), "num_sampling_steps": 4, "pairing_size": 60} | options
    return RectifiedFlow.of(rival_checks.latents(), 4, **options)


def train(model, num_steps, workdir=None, **options):
    model.compile(optimizer=FusedAdam(5e-3), jit_compile=False)
    make_batch = model.make_batches(rival_checks.latents())
    settings = {"num_steps": num_steps, "batch_size": 64, "steps_per_log": 100, "workdir": workdir}
    return training.train(model, make_batch, **(settings | options))


@pytest.mark.long
def test_carries_each_class_onto_that_of_the_other_domain_and_back(tmp_path):
    model, domains = small(), rival_checks.latents()
    classifiers = model.classifiers[0].get_weights()
    train(model, 400)
    for source in range(2):
        z = domains[source].mu
        there = np.asarray(model.translate(z, source, 1 - source))
        found = synthetic.nearest_class(there, domains[1 - source])
        assert np.mean(found == domains[source].labels) > 0.95
        spread = np.mean([there[domains[source].labels == label].std(axis=0).mean() for label in range(4)])
        assert 0.1 < spread < 0.3  # That of the target is 0.2.
    # A straight flow can be followed back, as far as both domains have dimensions.
    z = domains[1].mu
    back = np.asarray(model.translate(z, 1, 1))
    assert np.mean((back - z) ** 2) < 0.2 * np.mean(np.var(z, axis=0))
    for ours, theirs in zip(model.classifiers[0].get_weights(), classifiers, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    rival_checks.check_rival(model, tmp_path)


@pytest.mark.long
def test_resumed_run_ends_with_the_bits_of_an_unbroken_one(tmp_path):
    with eagerly():
        results = []
        for steps, workdir in ((3, None), (2, tmp_path), (3, tmp_path)):
            model = small(hidden_units=(8,))
            train(model, steps, workdir, batch_size=8, steps_per_log=1)
            results.append(model.get_weights())
    unbroken, cut, resumed = results
    assert any(not np.array_equal(a, b) for a, b in zip(cut, unbroken, strict=True))
    for ours, theirs in zip(resumed, unbroken, strict=True):
        np.testing.assert_array_equal(ours, theirs)
