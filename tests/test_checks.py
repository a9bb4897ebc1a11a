from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import checks

SHAPE = (2, 3, 1)


def images(batch=4, dtype=np.float32):
    return np.random.default_rng(0).uniform(size=(batch, *SHAPE)).astype(dtype)


def test_known_returns_the_name_and_takes_any_iterable():
    assert checks.known("b", iter(["a", "b"]), "thing") == "b"


@pytest.mark.parametrize(
    ("name", "names", "message"),
    [
        ("fashion_mnis", ["mnist", "fashion_mnist"], "Did you mean 'fashion_mnist'? Known: fashion_mnist, mnist."),
        ("xyz", {"mnist": 1, "b": 2}, "Unknown dataset 'xyz'. Known: b, mnist."),
        (None, ["mnist"], "Unknown dataset None. Known: mnist."),
        ("xyz", [], "Unknown dataset 'xyz'. Known: none."),
    ],
)
def test_unknown_name_is_refused_with_the_known_and_the_closest(name, names, message):
    with pytest.raises(ValueError, match="Unknown dataset") as error:
        checks.known(name, names, "dataset")
    assert str(error.value).endswith(message)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_unit_images_become_float32_of_the_same_values(dtype):
    x = images(dtype=dtype)
    checked = checks.unit_images(x, SHAPE)
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(checked, x.astype(np.float32))


def test_unit_images_may_touch_the_bounds_and_be_none_at_all():
    checks.unit_images(np.stack([np.zeros(SHAPE), np.ones(SHAPE)]), SHAPE)
    assert checks.unit_images(images(0), SHAPE).shape == (0, *SHAPE)


def with_value(value):
    x = images(dtype=np.float64)
    x[1, 0, 2, 0] = value
    return x


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ((images() * 255).astype(np.uint8), "digits is uint8 in [0, 255]"),
        (images().astype(np.int64), "digits has dtype int64"),
        (np.full((1, *SHAPE), 200), "digits has dtype int64 and values from 200 to 200; images are floats in [0, 1]"),
        (with_value(200), "to 200; images must lie in [0, 1]: divide it by 255."),
        (with_value(300), "to 300; images must lie in [0, 1]."),
        (images().astype(complex), "digits has dtype complex128"),
        (np.array(["a"]), "digits has dtype"),
        (images()[0], "digits has shape [2, 3, 1]; expected [batch, 2, 3, 1]"),
        (images()[:, :, :2], "digits has shape [4, 2, 2, 1]; expected [batch, 2, 3, 1]"),
        (with_value(np.nan), "digits has 1 NaN or infinite value."),
        (with_value(-np.inf), "digits has 1 NaN or infinite value."),
        (np.full((2, *SHAPE), np.nan), "digits has 12 NaN or infinite values."),
        (with_value(1.5), "to 1.5; images must lie in [0, 1]"),
        (with_value(-0.25), "values from -0.25 to"),
    ],
)
def test_what_is_no_batch_of_unit_images_is_refused(x, message):
    with pytest.raises(ValueError, match="digits") as error:
        checks.unit_images(x, SHAPE, "digits")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 5), np.int16), "sound is int16; sounds are floats in [-1, 1]: divide it by 32768."),
        (np.zeros((2, 5), np.int32), "sound has dtype int32; sounds are floats in [-1, 1]."),
        (np.zeros((2, 4)), "sound has shape [2, 4]; expected [batch, 5]."),
        (np.array([[0, 0, np.nan, 0, 0]]), "sound has 1 NaN or infinite value."),
        (
            np.array([[0, 0, -9.0, 0, 32767]]),
            "sound has values from -9 to 32767; sounds must lie in [-1, 1]: divide it by 32768.",
        ),
        (np.array([[0, 0, -1.5, 0, 1]]), "sound has values from -1.5 to 1; sounds must lie in [-1, 1]."),
    ],
)
def test_what_is_no_batch_of_waveforms_is_refused(x, message):
    with pytest.raises(ValueError, match="sound") as error:
        checks.unit_waveforms(x, (5,), "sound")
    assert str(error.value) == message


def test_waveforms_may_touch_the_bounds():
    x = np.array([[-1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(checks.unit_waveforms(x, (3,)), x)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_class_labels_become_int32_of_the_same_values(dtype):
    labels = checks.class_labels(np.array([0, 9, 3], dtype), 10)
    assert labels.dtype == np.int32
    assert labels.tolist() == [0, 9, 3]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 10, 3], "labels has 10, outside 0 to 9. Give labels of the 10 classes."),
        ([0, -1], "labels has -1, outside 0 to 9."),
        ([[1], [2]], r"labels must be integers of shape \[batch\], not int64 \[2, 1\]"),
        ([0.0, 1.0], "labels must be integers"),
        ([True], "labels must be integers"),
    ],
)
def test_bad_class_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        checks.class_labels(np.array(labels), 10)


def test_at_least_lets_the_bound_pass():
    assert checks.at_least(1, 1, "steps") == 1


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (-2.5, "-2.5"), (np.nan, "nan"), (np.inf, "inf")])
def test_number_below_its_bound_or_none_at_all_is_refused(value, shown):
    with pytest.raises(ValueError, match=f"^steps is {shown}; it must be 1 or more.$"):
        checks.at_least(value, 1, "steps")


def fails(pixels):
    """An assertion, a decoder and a check of numbers, each of which may fail."""
    with tf.control_dependencies([tf.debugging.assert_less(tf.size(pixels), 9, "The shape is not [3, 3]: cut it.")]):
        png = tf.io.decode_png(
            tf.where(tf.size(pixels) < 2, b"\x89PNG", tf.io.encode_png(tf.zeros([1, 1, 1], tf.uint8)))
        )
    return tf.debugging.check_numerics(pixels, "The picture has values that are NaN.") + tf.cast(
        png[0, 0, 0], tf.float32
    )


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.zeros(9), "The shape is not [3, 3]: cut it"),
        (np.zeros(1), checks.BAD_PICTURE.rstrip(".")),
        (np.full(2, np.nan), "The picture has values that are NaN"),
    ],
)
def test_what_a_graph_refuses_is_its_own_sentence(pixels, said):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        tf.function(fails, [tf.TensorSpec([None], tf.float32)])(pixels)
    assert checks.sentence(raised.value) == said
    assert checks.sentence(tf.errors.InvalidArgumentError(None, None, said + ".")) == said  # From a server.


def test_any_other_error_is_a_line_without_folders_and_nodes():
    error = tf.errors.OpError(
        None, None, "Graph execution error:\n\nNo /a/b/c.data {{node x}} [[x/y]] [Op:Restore].\n more", 3
    )
    assert checks.sentence(error) == "No"


# ---- Types ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["out/run", Path("out/run")])
def test_paths_are_strings_or_paths(value):
    assert checks.path(value, "folder") == Path("out/run")


@pytest.mark.parametrize("value", [None, 3, b"out", ["out"]])
def test_what_is_no_path_is_named(value):
    with pytest.raises(ValueError) as error:
        checks.path(value, "folder", "the folder of a domain")
    assert str(error.value) == f"folder is {value!r}; it must be the folder of a domain, as a string or a Path."


def test_long_values_are_shown_by_their_type():
    with pytest.raises(ValueError, match="^names is a ndarray; it must be a list.$"):
        checks.instance(np.zeros((99, 99)), list, "names", "a list")
    assert checks.instance([1], (list, tuple), "names", "a list") == [1]


def test_sizes_become_a_tuple_of_integers():
    assert checks.sizes([np.int64(3), 5], "shape") == (3, 5)
    assert all(type(size) is int for size in checks.sizes(np.array([3, 5]), "shape"))


@pytest.mark.parametrize("value", [(-1,), ("a",), (2.5,), (0,), (True,), 5, None, "28"])
def test_what_is_no_shape_is_named(value):
    with pytest.raises(ValueError, match="^shape is .*; it must be a tuple of whole numbers above 0"):
        checks.sizes(value, "shape")


def test_reason_is_the_first_line_that_says_one():
    bold = "Exception encountered when calling Functional.call().\n\n\x1b[1mInvalid input shape.\x1b[0m\n\nArguments: 1"
    assert checks.reason(ValueError(bold)) == "Invalid input shape."
    assert checks.reason(ValueError("\none\ntwo")) == "one"
    assert checks.reason(ValueError("Exception encountered when calling f.")) == "Exception encountered when calling f."
    assert checks.reason(KeyError()) == "KeyError"
