"""Density and coverage of real instances by generated ones (Naeem et al., 2020, https://arxiv.org/abs/2002.09797).

They stand here rather than precision and recall (Kynkäänniemi et al., 2019, https://arxiv.org/abs/1904.06991). Both
pairs separate how typical generated instances are from how much of the real ones they reach. But precision and recall
also build neighbourhoods of the generated instances, so an outlier in either set changes them much, and their values
for two sets of one distribution are not known. Density and coverage build neighbourhoods of the real instances alone.
The same ones judge every model. For two large sets of one distribution and size, 1 and 0.97 are expected.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import euclidean_distances

from latent_xlate.evaluation.bootstrap import Statistic, mean_of
from latent_xlate.evaluation.fid import checked_features

NEIGHBOURS = 5
"""A real instance's neighbourhood reaches to its neighbour of this number among the real ones, as in the paper."""


def density_and_coverage(x: np.ndarray, y: np.ndarray) -> tuple[Statistic, Statistic]:
    """Compares generated instances with real ones.

    Density is the mean number of real instances in whose neighbourhood a generated one lies, over `NEIGHBOURS`. 1 is
    expected for two sets of one distribution, more for instances that are more typical than the real ones. Coverage is
    the share of real instances with a generated one in their neighbourhood.

    Args:
        x: Features of generated instances, float [n, width].
        y: Features of real instances, float [m, width], more than `NEIGHBOURS`.

    Returns:
        Density, of which generated instances can be resampled, and coverage, of which real ones can. Neighbourhoods
        stay as they are. A resample of the generated instances would cover less, as it holds fewer different ones.

    Raises:
        ValueError: A set is not [n, width] with at least 2 rows, the widths differ, a feature is NaN or infinite, or
            there are too few real instances.
    """
    x, y = checked_features(x, y)
    if len(y) <= NEIGHBOURS:
        raise ValueError(f"There are {len(y)} real instances; coverage needs more than {NEIGHBOURS}.")
    # An instance is its own first neighbour.
    radii = np.partition(euclidean_distances(y), NEIGHBOURS, axis=1)[:, NEIGHBOURS]
    inside = euclidean_distances(x, y) < radii
    return mean_of(inside.sum(axis=1) / NEIGHBOURS), mean_of(inside.any(axis=0).astype(np.float64))
