"""Tolerances by device.

On a CPU a comparison keeps its test's own tolerance. A GPU adds in another order for another shape, batch size or
graph, so that two ways to the same float32 number differ by more. `tests/conftest.py` turns TF32 off, whose 10 bits of
mantissa would need tolerances a hundred times as wide.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

ON_GPU = bool(tf.config.list_physical_devices("GPU"))

GPU_TOLERANCE = 5e-5
"""Least relative tolerance of float32 on a GPU: some hundred roundings, and a twentieth of one of TF32."""


def assert_close(actual: Any, desired: Any, rtol: float = 1e-7, atol: float = 0.0, err_msg: str = "") -> None:
    """`np.testing.assert_allclose`; on a GPU float32 is compared by `GPU_TOLERANCE` of the largest number at least."""
    actual, desired = np.asarray(actual), np.asarray(desired)
    if ON_GPU and np.float32 in (actual.dtype, desired.dtype):
        largest = np.abs(desired[np.isfinite(desired)]).max(initial=0)
        rtol, atol = max(rtol, GPU_TOLERANCE), max(atol, GPU_TOLERANCE * float(largest))
    np.testing.assert_allclose(actual, desired, rtol=rtol, atol=atol, err_msg=err_msg)


def approx(expected: Any, rel: float | None = None, abs: float | None = None) -> Any:
    """`pytest.approx` of float32 numbers; on a GPU by `GPU_TOLERANCE` at least."""
    return pytest.approx(expected, rel=max(rel or 0, GPU_TOLERANCE) if ON_GPU else rel, abs=abs)
