"""Tolerances by device.

On a CPU a comparison keeps its test's own tolerance, and float32 that of two roundings of the largest number: a sum of
large numbers may lie near zero, and its error is that of its parts. A GPU adds in another order for another shape,
batch size or graph, so that two ways to the same float32 number differ by more. `tests/conftest.py` turns TF32 off,
whose 10 bits of mantissa would need tolerances a hundred times as wide.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

FLOAT32_TOLERANCE = 2 * float(np.finfo(np.float32).eps)
"""Least tolerance of float32 on a CPU, of the largest number: processors differ in the order in which they add."""

ON_GPU = bool(tf.config.list_physical_devices("GPU"))

GPU_TOLERANCE = 5e-5
"""Least relative tolerance of float32 on a GPU: some hundred roundings, and a twentieth of one of TF32."""


def assert_close(actual: Any, desired: Any, rtol: float = 1e-7, atol: float = 0.0, err_msg: str = "") -> None:
    """`np.testing.assert_allclose`, in which float32 may always differ by a rounding of the largest number.

    That is `FLOAT32_TOLERANCE` of it on a CPU; on a GPU it is `GPU_TOLERANCE`, which is the least relative one too.
    """
    actual, desired = np.asarray(actual), np.asarray(desired)
    if np.float32 in (actual.dtype, desired.dtype):
        largest = float(np.abs(desired[np.isfinite(desired)]).max(initial=0))
        rtol = max(rtol, GPU_TOLERANCE) if ON_GPU else rtol
        atol = max(atol, (GPU_TOLERANCE if ON_GPU else FLOAT32_TOLERANCE) * largest)
    np.testing.assert_allclose(actual, desired, rtol=rtol, atol=atol, err_msg=err_msg)


def approx(expected: Any, rel: float | None = None, abs: float | None = None) -> Any:
    """`pytest.approx` of float32 numbers; on a GPU by `GPU_TOLERANCE` at least."""
    return pytest.approx(expected, rel=max(rel or 0, GPU_TOLERANCE) if ON_GPU else rel, abs=abs)
