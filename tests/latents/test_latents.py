import logging

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from latent_xlate.data.images import labelled_images
from latent_xlate.data.speech import labelled_sounds
from latent_xlate.latents.batches import SAMPLINGS, make_batches
from latent_xlate.latents.encoding import encode_augmented, encode_data
from latent_xlate.latents.label_choice import choose_labelled
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities.alignment import align
from latent_xlate.modalities.audio_files import change_speed
from tests.support import sounds, tiny


def latents(counts=(40, 60, 50), dim=3, seed=0):
    """Latents whose first value is their index, in shuffled classes of the given sizes."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts), dtype=np.int32), counts))
    mu = generator.normal(size=(len(labels), dim)).astype(np.float32)
    mu[:, 0] = np.arange(len(labels))
    return Latents(mu, generator.uniform(size=mu.shape).astype(np.float32), labels)


def stream(domains, start, stop, sampling="balanced", num_classes=3, seed=0):
    """Indices and labels, [num_domains, n] each, at positions of the stream."""
    posteriors, labels = make_batches(domains, num_classes, sampling, seed)(tf.range(start, stop, dtype=tf.int64))
    return np.array([mu[:, 0] for mu, _ in posteriors]).astype(int), np.array(labels)


# ---- The class --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["latents.npz", "latents"])
def test_latents_come_back_in_half_precision(name, tmp_path):
    original = latents()
    original.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    again = Latents.load(tmp_path / name)
    np.testing.assert_allclose(again.mu, original.mu, rtol=2**-10)
    np.testing.assert_allclose(again.sigma, original.sigma, rtol=2**-10, atol=1e-7)
    np.testing.assert_array_equal(again.labels, original.labels)
    assert (again.mu.dtype, again.sigma.dtype, again.labels.dtype) == (np.float32, np.float32, np.int32)


def test_labels_of_many_classes_and_unlabelled_ones_come_back(tmp_path):
    labels = np.array([-1, 0, 127, 128, 999], np.int32)
    Latents(np.zeros((5, 2), np.float32), np.ones((5, 2), np.float32), labels).save(tmp_path / "latents.npz")
    np.testing.assert_array_equal(Latents.load(tmp_path / "latents.npz").labels, labels)


def test_take_keeps_rows_together():
    taken = latents().take([5, 3])
    assert taken.mu[:, 0].tolist() == [5, 3]
    assert len(taken) == 2
    np.testing.assert_array_equal(taken.sigma, latents().sigma[[5, 3]])
    np.testing.assert_array_equal(taken.labels, latents().labels[[5, 3]])


def test_only_the_labels_asked_for_are_left():
    original = latents()
    seen = original.with_labels_of(np.array([7, 140]))
    np.testing.assert_array_equal(np.flatnonzero(seen.labels >= 0), [7, 140])
    np.testing.assert_array_equal(seen.labels[[7, 140]], original.labels[[7, 140]])
    np.testing.assert_array_equal(seen.mu, original.mu)
    assert (original.labels >= 0).all()


def test_latents_of_images_are_the_encoders_posteriors():
    domain = tiny.image_domain()
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(1003, 28, 28, 1), dtype=np.uint8)
    data = labelled_images(images, generator.integers(10, size=1003), tiny.CLASS_NAMES)
    encoded = encode_data(domain, data)
    mu, sigma = domain.encode(images / np.float32(255))
    np.testing.assert_allclose(encoded.mu, mu, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoded.sigma, sigma, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(encoded.labels, data.labels)


def test_tensorflow_does_not_warn_of_retracing_when_many_data_are_encoded(caplog):
    domain = tiny.image_domain()
    data = labelled_images(np.zeros((3, 28, 28, 1), np.uint8), np.zeros(3, int), tiny.CLASS_NAMES)
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING, logger.name):
            for size in (1, 2, 3) * 3:
                encode_data(domain, data.take(slice(size)))
    finally:
        logger.removeHandler(caplog.handler)
    assert "retracing" not in caplog.text


def test_images_of_another_shape_are_refused():
    data = labelled_images(np.zeros((3, 12, 12, 1), np.uint8), np.zeros(3, int), tiny.CLASS_NAMES)
    with pytest.raises(ValueError, match=r"Images are \(12, 12, 1\), those of domain 'digits' \(28, 28, 1\)"):
        encode_data(tiny.image_domain(), data)


def test_shifted_latents_are_those_of_images_that_scipy_moves():
    domain = tiny.image_domain()
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(5, 28, 28, 1), dtype=np.uint8)
    data = labelled_images(images, np.array([3, 1, 4, 1, 5]), tiny.CLASS_NAMES)
    shifted = encode_augmented(domain, data)
    moved = [scipy.ndimage.shift(images, (0, y, x, 0), order=0) for y, x in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    mu, sigma = domain.encode(np.concatenate(moved) / np.float32(255))
    np.testing.assert_allclose(shifted.mu, mu, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(shifted.sigma, sigma, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(shifted.labels, np.tile(data.labels, 4))


@pytest.mark.parametrize("aligned", [False, True])
def test_shifted_latents_of_recordings_are_those_of_other_speeds_as_the_model_knows_them(aligned):
    domain = tiny.speech_domain()
    domain.modality = domain.modality.with_settings(align=aligned)
    tones = [np.round(20000 * sounds.tone(hertz, 0.3, 16000, 1.0)).astype(np.int16) for hertz in (300, 500)]
    data = labelled_sounds(np.pad(tones, ((0, 0), (3000, 8584))), np.array([7, 2]), tiny.CLASS_NAMES)
    shifted = encode_augmented(domain, data)
    changed = np.concatenate([change_speed(data.content, speed) for speed in (0.92, 1.08)])
    mu, sigma = domain.encode((align(changed) if aligned else changed) / np.float32(32768))
    np.testing.assert_allclose(shifted.mu, mu, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(shifted.sigma, sigma, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(shifted.labels, [7, 2, 7, 2])


def write_npz(path, **arrays):
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def corrupt(path):
    content = bytearray(path.read_bytes())
    content[100:140] = b"\xff" * 40
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "spoil",
    [
        truncate,
        corrupt,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not latents"),
        lambda path: path.write_bytes(np.arange(3).tobytes()),
        lambda path: np.save(path.open("wb"), np.zeros((3, 2))),
        lambda path: write_npz(path, mu=np.zeros((3, 2)), sigma=np.ones((3, 2))),
        lambda path: write_npz(path, mu=np.array(["a"]), sigma=np.array(["b"]), labels=np.array([0])),
        lambda path: write_npz(path, mu=np.zeros((3, 2)), sigma=np.ones((2, 2)), labels=np.zeros(3, int)),
        lambda path: write_npz(path, mu=np.full((3, 2), np.nan), sigma=np.ones((3, 2)), labels=np.zeros(3, int)),
    ],
    ids=["truncated", "corrupt", "empty", "text", "bytes", "npy", "no labels", "strings", "sizes", "nan"],
)
def test_damaged_and_foreign_files_are_refused_by_name(spoil, tmp_path):
    path = tmp_path / "latents.npz"
    latents().save(path)
    spoil(path)
    with pytest.raises(ValueError, match="latents.npz"):
        Latents.load(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="There is no file of latents .*nothing.npz"):
        Latents.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("mu", "sigma", "labels", "message"),
    [
        (np.array([[np.nan, 1.0]]), np.ones((1, 2)), np.zeros(1, int), "mu has 1 NaN"),
        (np.zeros((1, 2)), np.array([[np.inf, np.inf]]), np.zeros(1, int), "sigma has 2 NaN or infinite"),
        (np.zeros((3, 2)), np.ones((3, 1)), np.zeros(3, int), "must be"),
        (np.zeros((3, 2)), np.ones((3, 2)), np.zeros(2, int), "must be"),
        (np.zeros((3, 2)), np.ones((3, 2)), np.zeros((3, 1), int), "must be"),
        (np.zeros(3), np.ones(3), np.zeros(3, int), "must be"),
    ],
)
def test_arrays_that_are_no_latents_are_refused(mu, sigma, labels, message):
    with pytest.raises(ValueError, match=message):
        Latents(mu, sigma, labels)


# ---- Labelled instances -----------------------------------------------------------------------


def test_as_many_of_each_class_are_labelled_as_asked():
    labels = latents().labels
    chosen = choose_labelled(labels, 3, 12, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [12, 12, 12]
    assert (np.diff(chosen) > 0).all()
    assert choose_labelled(labels, 3, 0, seed=0).tolist() == []
    assert len(choose_labelled(labels, 3, 40, seed=0)) == 120


def test_seed_chooses_and_any_instance_of_a_class_may_be_chosen():
    labels = latents((20, 20)).labels
    chosen = np.concatenate([choose_labelled(labels, 2, 2, seed) for seed in range(300)])
    # 600 draws of 20 instances in each class: 30 each, with a standard deviation of 5.
    counts = np.bincount(chosen, minlength=40)
    assert (counts.min() > 10, counts.max() < 50) == (True, True)
    np.testing.assert_array_equal(choose_labelled(labels, 2, 2, 5), choose_labelled(labels, 2, 2, 5))


def test_more_sure_labels_are_added_to_those_of_fewer():
    labels = latents().labels
    few, more = (set(choose_labelled(labels, 3, per_class, seed=0)) for per_class in (3, 10))
    assert few < more


def test_a_class_with_too_few_instances_is_named():
    with pytest.raises(ValueError, match="Class 0 has 40 labelled instances, fewer than 41 a class"):
        choose_labelled(latents().labels, 3, 41, seed=0)


# ---- Batches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_batches_hold_rows_of_the_latents(sampling):
    domains = [latents(), latents(dim=5, seed=1)]
    posteriors, labels = make_batches(domains, 3, sampling, 0)(tf.range(20, dtype=tf.int64))
    for domain, (mu, sigma), classes in zip(domains, posteriors, labels, strict=True):
        rows = domain.take(mu[:, 0].numpy().astype(int))
        np.testing.assert_array_equal(mu, rows.mu)
        np.testing.assert_array_equal(sigma, rows.sigma)
        np.testing.assert_array_equal(classes, rows.labels)


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
    seen = [of.with_labels_of(choose_labelled(of.labels, 3, 4, 0)) for of in (latents(), latents(seed=1))]
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
    ours, theirs = (stream([of.with_labels_of(chosen)], 0, 300, "mixed") for of in (original, other))
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
