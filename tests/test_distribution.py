import pytest
import tensorflow as tf

from latent_xlate import distribution


def test_strategies_by_name(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert distribution.make_strategy("default").num_replicas_in_sync == 1
    mirrored = distribution.make_strategy("mirrored")
    assert isinstance(mirrored, tf.distribute.MirroredStrategy)
    assert mirrored.num_replicas_in_sync == 2
    assert distribution.is_chief(mirrored)
    # Several CPU devices are no reason to mirror, nor are several parts of a GPU: only several GPUs.
    assert distribution.make_strategy().num_replicas_in_sync == 1
    with pytest.raises(ValueError, match="Did you mean 'mirrored'"):
        distribution.make_strategy("mirored")
    with pytest.raises(ValueError, match="needs TF_CONFIG"):
        distribution.make_strategy("multi_worker")
