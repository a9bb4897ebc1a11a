"""Settings that must be made before TensorFlow first computes, and names of parametrised tests."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

# Two devices, for the tests of distribution; everything else runs on the first.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


def pytest_make_parametrize_id(val, argname):
    """Names a parameter of bytes by its argument: contents of files may differ from one collection to the next."""
    return argname if isinstance(val, bytes) else None
