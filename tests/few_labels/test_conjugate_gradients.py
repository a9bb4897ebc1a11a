"""Conjugate gradients against a dense solver."""

import numpy as np
from scipy import sparse

from latent_xlate.few_labels.conjugate_gradients import solve


def test_solutions_of_all_columns_are_those_of_a_dense_solver():
    generator = np.random.default_rng(0)
    root = generator.normal(size=(40, 40))
    system = root @ root.T + 40 * np.eye(40)
    right_side = np.column_stack([generator.normal(size=(40, 3)), np.zeros(40)])
    solution = solve(sparse.csr_array(system), right_side)
    np.testing.assert_allclose(solution, np.linalg.solve(system, right_side), atol=1e-6)
    np.testing.assert_array_equal(solution[:, 3], 0)
