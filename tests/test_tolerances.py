import numpy as np
import pytest

from tests.support import tolerances
from tests.support.tolerances import GPU_TOLERANCE, approx, assert_close

DESIRED = np.array([0.0, 100.0], np.float32)


@pytest.mark.parametrize("on_gpu", [False, True])
def test_only_float32_on_a_gpu_is_compared_by_less_than_the_test_asks_for(on_gpu, monkeypatch):
    monkeypatch.setattr(tolerances, "ON_GPU", on_gpu)
    near = DESIRED + np.float32(99 * GPU_TOLERANCE)
    if on_gpu:
        assert_close(near, DESIRED, atol=1e-6)
    else:
        with pytest.raises(AssertionError):
            assert_close(near, DESIRED, atol=1e-6)
    with pytest.raises(AssertionError):
        assert_close(near.astype(float), DESIRED.astype(float), atol=1e-6)
    with pytest.raises(AssertionError):
        assert_close(DESIRED + np.float32(210 * GPU_TOLERANCE), DESIRED, atol=1e-6)
    assert (approx(1.0, rel=1e-6) == 1 + 0.9 * GPU_TOLERANCE) == on_gpu
    assert approx(1.0, rel=3e-3) == 1 + 2e-3
    assert approx(1.0) != 1 + 2 * GPU_TOLERANCE
