"""What sources read, in which parts, and what they say of instances that they cannot read."""

import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from latent_xlate.bulk.file_source import FileSource
from latent_xlate.bulk.parquet_source import ParquetSource
from latent_xlate.bulk.tfds_source import TFDSSource
from latent_xlate.bulk.tfrecord_source import TFRecordSource
from latent_xlate.data import tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.modalities.image import Image
from tests.support import bulk

IMAGE = Image(28, 28)


def tfrecords(pattern, part_size=300, feature=None):
    return TFRecordSource.matching(str(pattern), IMAGE, part_size, feature)


def parquet(pattern, part_size=300, feature=None):
    return ParquetSource.matching(str(pattern), IMAGE, part_size, feature)


def all_of(source):
    """Keys, contents, labels and rejected instances of all parts."""
    parts = bulk.parts(source)
    rejected = {each.key: each.reason for part in parts for each in part.rejected}
    content = [each for part in parts for each in part.content]
    return [key for part in parts for key in part.keys], content, [n for p in parts for n in p.labels], rejected


# ---- TFRecords --------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_records_are_read_in_order_in_parts_of_bounded_size(compression, tmp_path):
    ending = ".tfrecord.gz" if compression else ".tfrecord"
    for shard, count in enumerate((700, 0, 5)):
        records = [bulk.example(data_bytes=b"%d %d\0" % (shard, n), label=n) for n in range(count)]
        bulk.write_records(tmp_path / "in" / f"{shard}{ending}", records, compression)
    source = tfrecords(tmp_path / "in" / f"*{ending}")
    keys, content, labels, rejected = all_of(source)
    assert keys == [f"0{ending}/{n}" for n in range(700)] + [f"2{ending}/{n}" for n in range(5)]
    assert content == [b"0 %d\0" % n for n in range(700)] + [b"2 %d\0" % n for n in range(5)]
    assert labels == [*range(700), *range(5)]
    assert rejected == {}
    parts = bulk.parts(source)
    assert [part.name for part in parts] == ["00000-00000", "00000-00001", "00000-00002", "00002-00000"]
    assert max(map(len, parts)) <= 300
    again = bulk.parts(source, done=["00000-00001"])
    assert [part.name for part in again] == ["00000-00000", "00000-00002", "00002-00000"]
    assert again[1].keys == parts[2].keys


def test_a_part_ends_where_its_content_has_many_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("latent_xlate.bulk.record_source.PART_BYTES", 256 * 100)
    path = bulk.write_records(tmp_path / "a.tfrecord", [bulk.example(data_bytes=bytes(100))] * 1000)
    assert [len(part) for part in bulk.parts(tfrecords(path, part_size=10_000))] == [256, 256, 256, 232]


def test_arrays_of_records_have_the_shape_of_the_domain(tmp_path):
    x = bulk.arrays(3)
    path = bulk.write_records(tmp_path / "a.tfrecord", [bulk.example(x=each) for each in x])
    (part,) = bulk.parts(tfrecords(path))
    assert part.payload is bulk.ARRAYS
    np.testing.assert_array_equal(part.content, x)
    assert part.labels.tolist() == [-1] * 3


def test_bad_records_are_rejected_with_their_number_and_reason(tmp_path):
    good = bulk.example(data_bytes=b"good")
    records = [good, b"no example", good, bulk.example(other=b"x"), good, bulk.example(data_bytes=5)]
    path = bulk.write_records(tmp_path / "a.tfrecord", records)
    keys, content, _, rejected = all_of(tfrecords(path))
    assert keys == ["a.tfrecord/0", "a.tfrecord/2", "a.tfrecord/4"]
    assert content == [b"good"] * 3
    assert set(rejected) == {"a.tfrecord/1", "a.tfrecord/3", "a.tfrecord/5"}
    assert all("it is no record with 'data_bytes'" in reason for reason in rejected.values())


def test_what_lies_before_damage_is_read(tmp_path):
    records = [bulk.example(data_bytes=b"%04d" % n) for n in range(600)]
    path = bulk.write_records(tmp_path / "a.tfrecord", records)
    size = path.stat().st_size // 600
    damaged = bytearray(path.read_bytes())
    damaged[400 * size + size // 2] ^= 1
    path.write_bytes(damaged)
    keys, content, _, rejected = all_of(tfrecords(path))
    assert content == [b"%04d" % n for n in range(400)]
    assert len(keys) == 400
    (key,) = rejected
    assert key == "a.tfrecord/400"
    assert rejected[key].startswith("the file is damaged from here on: ")


def test_the_feature_is_named_or_found(tmp_path):
    path = bulk.write_records(tmp_path / "a.tfrecord", [bulk.example(image=b"1", picture=b"2")])
    assert all_of(tfrecords(path))[1] == [b"1"]
    assert all_of(tfrecords(path, feature="picture"))[1] == [b"2"]
    with pytest.raises(ValueError, match="has no 'x': name what holds the content, one of image, picture"):
        tfrecords(path, feature="x")
    bulk.write_records(path, [bulk.example(other=b"1")])
    with pytest.raises(ValueError, match="has none of data_bytes, x, image.*one of other"):
        tfrecords(path)
    with pytest.raises(ValueError, match="There is no file"):
        tfrecords(tmp_path / "b*.tfrecord")
    path.write_bytes(b"no records at all, but longer than a header")
    with pytest.raises(ValueError, match=r"holds no tf.train.Example"):
        tfrecords(path)


# ---- Parquet ----------------------------------------------------------------------------------


def test_columns_of_bytes_structures_and_numbers_are_read(tmp_path):
    x = bulk.arrays(4)
    flat = list(x.reshape(4, -1))
    table = pa.table(
        {
            "image": [b"a\0", None, b"c", b"d"],
            "structured": [{"bytes": b"a", "path": "p"}, {"bytes": None, "path": "q"}, None, {"bytes": b"d"}],
            "x": pa.array([*flat[:2], flat[2][:5], flat[3]], pa.list_(pa.float32())),
            "label": pa.array([3, 2, None, 0], pa.int8()),
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    path = tmp_path / "*.parquet"
    keys, content, labels, rejected = all_of(parquet(path, feature="image"))
    assert (keys, content) == (["a.parquet/0", "a.parquet/2", "a.parquet/3"], [b"a\0", b"c", b"d"])
    assert labels == [3, -1, 0]
    assert rejected == {"a.parquet/1": "it has no 'image'"}
    keys, content, labels, rejected = all_of(parquet(path, feature="structured"))
    assert (content, labels, set(rejected)) == ([b"a", b"d"], [3, 0], {"a.parquet/1", "a.parquet/2"})
    keys, content, labels, rejected = all_of(parquet(path))  # `x` comes first.
    np.testing.assert_array_equal(content, x[[0, 1, 3]])
    assert rejected == {"a.parquet/2": "'x' has 5 numbers; expected 784"}
    with pytest.raises(ValueError, match="Column 'label' .* is int8"):
        parquet(path, feature="label")


def test_large_tables_come_in_parts_and_damaged_files_are_rejected(tmp_path):
    pq.write_table(pa.table({"image": [b"%d" % n for n in range(1000)]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"image": [b"%d" % n for n in range(10)]}), tmp_path / "b.parquet")
    whole = (tmp_path / "b.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    source = parquet(tmp_path / "*.parquet")
    keys, content, _, rejected = all_of(source)
    assert content == [b"%d" % n for n in range(1000)]
    assert [len(part) for part in bulk.parts(source)] == [256, 256, 256, 232, 0]
    assert list(rejected) == ["b.parquet/0"]
    assert "damaged" in rejected["b.parquet/0"]
    with pytest.raises(ValueError, match="is no Parquet file"):
        parquet(tmp_path / "b.parquet")


# ---- Files and TFDS ---------------------------------------------------------------------------


def test_files_of_a_folder_keep_their_paths(tmp_path, pictures, capsys):
    names = ["a.png", "b/a.PNG", "b/c.jpg", "b/.hidden.png", "note.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(pictures[0])
    (tmp_path / "link.png").symlink_to(tmp_path / "absent")
    source = FileSource.matching(str(tmp_path), IMAGE, part_size=2)
    keys, content, _, rejected = all_of(source)
    assert keys == ["a.png", "b/a.PNG", "b/c.jpg"]
    assert content == [pictures[0]] * 3
    assert [part.name for part in bulk.parts(source)] == ["00000-00000", "00001-00000"]
    assert "Skipped, no images: 1 of 4 files." in capsys.readouterr().err
    assert all_of(FileSource.matching(str(tmp_path / "*.png"), IMAGE, 2))[0] == ["a.png"]
    assert all_of(FileSource.matching(str(tmp_path / "**.png"), IMAGE, 2))[0] == ["a.png"]
    with pytest.raises(ValueError, match="No file of .* ends in .png"):
        FileSource.matching(str(tmp_path / "*.txt"), IMAGE, 2)


def test_a_file_that_cannot_be_opened_is_rejected(tmp_path, pictures):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(pictures[0])
    source = FileSource.matching(str(tmp_path), IMAGE, part_size=5)
    (tmp_path / "a.png").unlink()
    keys, _, _, rejected = all_of(source)
    assert keys == ["b.png"]
    assert rejected == {"a.png": "No such file or directory"}


def test_a_split_of_tfds_is_read_as_it_is_stored(tmp_path):
    splits = {"train": digits_like(25, seed=0), "test": digits_like(12, seed=1)}
    tfds_sets.store("shapes", splits, tmp_path)
    source = TFDSSource.prepared("shapes", "train", str(tmp_path), splits["train"].modality, part_size=10)
    parts = bulk.parts(source)
    assert [len(part) for part in parts] == [10, 10, 5]
    keys, content, labels, rejected = all_of(source)
    assert keys == [f"shapes/train/{n}" for n in range(25)]
    assert rejected == {}

    # TFDS shuffles what it stores.
    def by_content(x, y):
        return sorted((each.tobytes(), int(label)) for each, label in zip(x, y, strict=True))

    assert by_content(content, labels) == by_content(splits["train"].floats, splits["train"].labels)
    assert [part.name for part in bulk.parts(source, done=["00001-00000"])] == ["00000-00000", "00002-00000"]
    with pytest.raises(ValueError, match="Unknown split 'tets'. Did you mean 'test'?"):
        TFDSSource.prepared("shapes", "tets", str(tmp_path), IMAGE, 10)
    with pytest.raises(ValueError, match=r"are \(28, 28, 1\); expected \(32, 32, 1\)"):
        TFDSSource.prepared("shapes", "test", str(tmp_path), Image(32, 32), 10)
