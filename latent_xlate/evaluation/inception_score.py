"""The inception score of images or sounds, by any classifier."""

from __future__ import annotations

import numpy as np


def inception_score(probabilities: np.ndarray, num_splits: int = 10) -> tuple[float, float]:
    """Returns the inception score (Salimans et al. 2016, https://arxiv.org/abs/1606.03498).

    It is the exponential of the mean KL divergence of p(class | x) from p(class). It is large if the classifier is
    sure of each instance and if the instances fill the classes evenly: at most the number of classes, and 1 if no
    instances are told apart. It is computed on equal parts, as in the WaveGAN paper (Donahue et al. 2018, section
    5.1).

    Args:
        probabilities: Probabilities of the classes, float [n, classes]. Each row sums to 1.
        num_splits: Number of parts.

    Returns:
        Mean and standard deviation over the parts.

    Raises:
        ValueError: There are fewer instances than parts, or rows are not probabilities.
    """
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.ndim != 2 or len(probabilities) < num_splits:
        raise ValueError(
            f"probabilities must be [n, classes] of at least {num_splits} rows, not {list(probabilities.shape)}."
        )
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-4):
        raise ValueError("probabilities has rows that are not probabilities.")
    scores = [_score(part) for part in np.array_split(probabilities, num_splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(p: np.ndarray) -> float:
    marginal = p.mean(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 log 0 is 0.
        terms = np.where(p > 0, p * (np.log(p) - np.log(marginal)), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))
