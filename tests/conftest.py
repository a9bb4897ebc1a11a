"""Settings that must be made before TensorFlow first computes, names of parametrised tests, and a fixture."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

# Two devices, for the tests of distribution; everything else runs on the first.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


def pytest_make_parametrize_id(val, argname):
    """Names a parameter of bytes by its argument: contents of files may differ from one collection to the next."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="module")
def translators_loaded_once():
    """Has `translate_path` load each translator once: that takes seconds, and a translation milliseconds."""
    from latent_xlate import file_translation
    from latent_xlate.serving import pair

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair, "load_export", functools.cache(pair.load_export))
        patch.setattr(file_translation, "load_pair", functools.cache(pair.load_pair))
        yield
