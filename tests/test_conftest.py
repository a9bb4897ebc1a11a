import pytest
import tensorflow as tf

from tests.support.tolerances import ON_GPU


@pytest.mark.parametrize("content", [b"\x00\x01", b"plain", b""])
def test_bytes_are_not_part_of_the_names_of_tests(content, request):
    assert request.node.callspec.id in ("content0", "content1", "content2")


@pytest.mark.skipif(not ON_GPU, reason="there is no GPU")
def test_a_gpu_counts_as_two_devices_that_compute_in_full_float32():
    assert len(tf.config.list_logical_devices("GPU")) == 2
    x = tf.fill([64, 64], 1 + 2.0**-13)  # TF32 keeps 10 bits of the mantissa.
    assert tf.reduce_all(tf.linalg.matmul(x, tf.eye(64)) == x)
