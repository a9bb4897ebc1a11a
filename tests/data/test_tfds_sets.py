import resource
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

from latent_xlate.data import images, stored, tfds_sets
from latent_xlate.data.labelled import Labelled
from latent_xlate.modalities.audio import Audio
from tests.support import raw, served_shapes


@pytest.mark.long
def test_stored_set_is_read_by_tfds_alone(tmp_path):
    splits = raw.small_splits()
    tfds_sets.store("shapes", splits, tmp_path)
    program = """
import sys
import numpy as np
import tensorflow_datasets as tfds
records, info = tfds.load("shapes", data_dir=sys.argv[1], download=False, batch_size=-1, with_info=True)
for split, arrays in tfds.as_numpy(records).items():
    np.savez(f"{sys.argv[1]}/{split}.npz", **arrays)
assert info.features["label"].names == ["0", "1", "2"]
assert "latent_xlate" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=tmp_path)
    for split, data in splits.items():
        with np.load(tmp_path / f"{split}.npz") as arrays:
            assert raw.same_content(images.labelled_images(arrays["image"], arrays["label"], ()), data)


@pytest.mark.parametrize("modality", [Audio(700, 22050), Audio(500, 8000, channels=2)], ids=str)
def test_sounds_of_any_length_rate_and_channels_are_stored(modality, tmp_path):
    content = np.random.default_rng(0).integers(-9999, 9999, (6, *modality.shape)).astype(np.int16)
    data = Labelled(content, np.arange(6) % 2, ("low", "high"), modality)
    tfds_sets.store("hums", {"train": data, "test": data.take(slice(0, 2))}, tmp_path)
    again = stored.read_split("hums", "train", tmp_path)
    assert again.modality == modality
    assert raw.same_content(again, data)


def test_published_name_gives_the_classes_and_the_version_of_tfds(tmp_path):
    tfds_sets.store("fashion_mnist", raw.small_splits(num_classes=10), tmp_path)
    builder = tfds.builder("fashion_mnist", data_dir=tmp_path)
    assert builder.is_prepared()
    assert str(builder.version) == "3.0.1"
    assert builder.info.features["label"].names[::9] == ["T-shirt/top", "Ankle boot"]


def test_name_of_another_set_of_tfds_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'kmnist' of its own: give yours another --dataset name"):
        tfds_sets.store("kmnist", raw.small_splits(), tmp_path)
    assert not any(tmp_path.iterdir())


def test_full_disk_leaves_no_data_set(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(ValueError, match=f"'shapes' cannot be written to {tmp_path}"):
            tfds_sets.store("shapes", raw.small_splits(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not any((tmp_path / "shapes").iterdir())


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="'shapes' cannot be written to"):
        tfds_sets.store("shapes", raw.small_splits(), tmp_path / "file")


def test_download(tmp_path, monkeypatch):
    with served_shapes.server() as port:
        served_shapes.come_from(monkeypatch, port)
        tfds_sets.download("served_shapes", tmp_path)
    for split, data in raw.small_splits().items():
        assert raw.same_content(images.read_split("served_shapes", split, tmp_path), data)


@pytest.mark.parametrize(
    ("answer", "said"),
    [({"status": 404}, "answers 404 Not Found"), ({"content": served_shapes.CONTENT[:-1]}, "checksum")],
)
def test_host_that_has_not_the_file(answer, said, tmp_path, monkeypatch):
    with served_shapes.server(**answer) as port:
        served_shapes.come_from(monkeypatch, port)
        with pytest.raises(ValueError, match=rf"TFDS cannot download 'served_shapes' \(.*{said}.*\). Try again later"):
            tfds_sets.download("served_shapes", tmp_path)
    assert stored.prepared_datasets(tmp_path) == []


@pytest.mark.parametrize(
    ("backlog", "said"), [(None, "cannot be reached, ConnectionError"), (5, "(no answer|reached)")]
)
def test_host_that_is_silent(backlog, said, tmp_path, monkeypatch):
    monkeypatch.setattr(tfds_sets, "NETWORK_TIMEOUT", 0.5)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if backlog:
            listener.listen(backlog)
        served_shapes.come_from(monkeypatch, listener.getsockname()[1])
        with pytest.raises(ValueError, match=f"TFDS cannot download 'served_shapes' .*{said}"):
            tfds_sets.download("served_shapes", tmp_path)


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("served_shape", "TFDS has no data set 'served_shape'"),
        ("emnist", "no labelled images of one size"),  # Several configurations.
        ("librispeech", "nor labelled recordings"),
        ("cats_vs_dogs", "no labelled images of one size"),
    ],
)
def test_set_that_tfds_has_not_or_that_does_not_fit(dataset, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        tfds_sets.download(dataset, tmp_path)
