import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.data import disk_arrays
from latent_xlate.latents.batches import SAMPLINGS, make_batches
from latent_xlate.latents.label_choice import choose_labelled
from latent_xlate.latents.latents import Latents
from tests.support.synthetic_latents import latents


def stream(domains, start, stop, sampling="balanced", num_classes=3, seed=0):
    """Indices and labels, [num_domains, n] each, at positions of the stream."""
    posteriors, labels = make_batches(domains, num_classes, sampling, seed)(tf.range(start, stop, dtype=tf.int64))
    return np.array([mu[:, 0] for mu, _ in posteriors]).astype(int), np.array(labels)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_batches_hold_rows_of_the_latents(sampling):
    domains = [latents(), latents(dim=5, seed=1)]
    posteriors, labels = make_batches(domains, 3, sampling, 0)(tf.range(20, dtype=tf.int64))
    for domain, (mu, sigma), classes in zip(domains, posteriors, labels, strict=True):
        rows = domain.take(mu[:, 0].numpy().astype(int))
        np.testing.assert_array_equal(mu, rows.mu)
        np.testing.assert_array_equal(sigma, rows.sigma)
        np.testing.assert_array_equal(classes, rows.labels)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_batches_of_latents_on_disk_are_those_of_latents_in_memory(sampling, tmp_path, monkeypatch):
    in_memory = [latents(), latents(dim=5, seed=1)]
    for index, each in enumerate(in_memory):
        np.savez(tmp_path / f"{index}.npz", mu=each.mu, sigma=each.sigma, labels=each.labels)
    monkeypatch.setattr(disk_arrays, "LARGE", 0)
    on_disk = [Latents.load(tmp_path / f"{index}.npz") for index in range(2)]
    assert all(each.on_disk for each in on_disk)
    make, make_from_disk = (make_batches(each, 3, sampling, 4) for each in (in_memory, on_disk))
    from_disk = tf.function(make_from_disk)(tf.range(60, dtype=tf.int64))
    for ours, theirs in zip(
        tf.nest.flatten(from_disk), tf.nest.flatten(make(tf.range(60, dtype=tf.int64))), strict=True
    ):
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours, theirs)


def test_balanced_batches_hold_as_many_of_each_class_in_the_same_order_in_all_domains():
    domains = [latents(), latents((30, 90, 40), seed=1), latents((200, 20, 20), seed=2)]
    _, labels = stream(domains, 0, 300)
    np.testing.assert_array_equal(labels[0], labels[1])
    np.testing.assert_array_equal(labels[0], labels[2])
    for batch in np.split(labels[0], 10):
        assert np.bincount(batch).tolist() == [10, 10, 10]


def test_balanced_sampling_visits_each_instance_of_a_class_once_an_epoch():
    counts = (40, 60, 50)
    (indices,), (labels,) = stream([latents(counts)], 0, 3 * 3 * max(counts))
    for label, count in enumerate(counts):
        mine = indices[labels == label]
        epochs = mine[: len(mine) // count * count].reshape(-1, count)
        members = np.flatnonzero(latents(counts).labels == label)
        np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(members, (len(epochs), 1)))
        assert not np.array_equal(epochs[0], epochs[1])


def test_uniform_sampling_visits_each_instance_once_an_epoch():
    (indices,), _ = stream([latents()], 0, 450, "uniform")
    np.testing.assert_array_equal(np.sort(indices.reshape(3, 150), axis=1), np.tile(np.arange(150), (3, 1)))


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_stream_is_the_same_however_it_is_cut(sampling):
    domains = [latents(), latents(seed=1)]
    whole = stream(domains, 0, 60, sampling)
    parts = [stream(domains, start, stop, sampling) for start, stop in ((0, 8), (8, 31), (31, 60))]
    for i in range(2):
        np.testing.assert_array_equal(np.concatenate([part[i] for part in parts], axis=1), whole[i])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_domains_and_seeds_are_drawn_independently(sampling):
    # Of the same latents twice: pairs that always came together would teach the bridge an identity.
    domains = [latents((300, 300, 300))] * 2
    first, _ = stream(domains, 0, 900, sampling)
    other, _ = stream(domains, 0, 900, sampling, seed=1)
    assert np.sum(first[0] == first[1]) < 15
    assert np.sum(first[0] == other[0]) < 15
    np.testing.assert_array_equal(stream(domains, 0, 900, sampling)[0], first)


def test_uniform_sampling_takes_no_notice_of_labels():
    labelled = latents()
    unlabelled = Latents(labelled.mu, labelled.sigma, np.full_like(labelled.labels, -1))
    indices, labels = stream([labelled, unlabelled], 0, 100, "uniform")
    np.testing.assert_array_equal(indices, stream([labelled, labelled], 0, 100, "uniform")[0])
    np.testing.assert_array_equal(labels[1], -1)


def test_mixed_sampling_puts_labelled_instances_in_every_other_row_and_all_in_the_others():
    seen = [each.with_labels_of(choose_labelled(each.labels, 3, 4, 0)) for each in (latents(), latents(seed=1))]
    indices, labels = stream(seen, 0, 1800, "mixed")
    for domain, mine, classes in zip(seen, indices, labels, strict=True):
        members = np.flatnonzero(domain.labels >= 0)
        np.testing.assert_array_equal(np.sort(mine[::2].reshape(-1, 12), axis=1), np.tile(members, (75, 1)))
        np.testing.assert_array_equal(np.sort(mine[1::2].reshape(6, 150), axis=1), np.tile(np.arange(150), (6, 1)))
        np.testing.assert_array_equal(classes, domain.labels[mine])
    np.testing.assert_array_equal(labels[0, ::2], labels[1, ::2])


def test_mixed_sampling_takes_no_notice_of_what_is_hidden():
    original = latents()
    chosen = choose_labelled(original.labels, 3, 4, 0)
    hidden = np.setdiff1d(np.arange(len(original)), chosen)
    permuted = original.labels.copy()
    permuted[hidden] = np.random.default_rng(0).permutation(permuted[hidden])
    other = Latents(original.mu, original.sigma, permuted)
    ours, theirs = (stream([each.with_labels_of(chosen)], 0, 300, "mixed") for each in (original, other))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def relabelled(old, new):
    original = latents()
    return Latents(original.mu, original.sigma, np.where(original.labels == old, new, original.labels))


@pytest.mark.parametrize(
    ("second", "sampling", "message"),
    [
        (latents(), "balance", "Unknown sampling 'balance'. Did you mean 'balanced'"),
        (relabelled(1, 2), "balanced", "Class 1 has no labelled instance in domain 1; use sampling 'uniform'"),
        (relabelled(1, -1), "balanced", "domain 1 has 60 unlabelled instances; use sampling 'uniform' or 'mixed'"),
        (relabelled(1, -1), "mixed", "Class 1 has no labelled instance in domain 1; use sampling 'uniform'"),
        (relabelled(1, 3), "balanced", "labels of domain 1 has 3, outside 0 to 2"),
        (relabelled(1, 3), "uniform", "labels of domain 1 has 3, outside 0 to 2"),
        (relabelled(1, -2), "uniform", "labels of domain 1 has -2, outside 0 to 2"),
        (latents().take(slice(0)), "balanced", "domain 1 has no instance"),
        (latents().take(slice(0)), "uniform", "domain 1 has no instance"),
    ],
)
def test_latents_that_do_not_fit_the_sampling_are_refused(second, sampling, message):
    with pytest.raises(ValueError, match=message):
        make_batches([latents(), second], 3, sampling, 0)
    named = message.replace("domain 1", "domain 'clothes'")
    with pytest.raises(ValueError, match=named):
        make_batches([latents(), second], 3, sampling, 0, names=["digits", "clothes"])
