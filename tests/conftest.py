"""Settings that must be made before TensorFlow first computes, names of parametrised tests, and a fixture."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# What a GPU needs, in the environment, so that the processes which tests start have it too.
os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"  # Several processes share a card.
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"  # Products and convolutions are compared with oracles in float32.

import pytest
import tensorflow as tf

# Two devices, for the tests of distribution; everything else runs on the first.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
# Tests call a graph a few times; optimising it takes longer than they do. Processes that tests start do optimise.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
if gpus := tf.config.list_physical_devices("GPU"):
    tf.config.set_visible_devices(gpus[:1], "GPU")
    tf.config.set_logical_device_configuration(gpus[0], [tf.config.LogicalDeviceConfiguration(memory_limit=4096)] * 2)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    # By default a GPU's kernels add in an order that differs from run to run; tests compare bits of runs.
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    tf.config.experimental.enable_op_determinism()


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
