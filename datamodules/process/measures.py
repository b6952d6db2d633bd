"""Measures of confounding on tables of counts: pure functions.

A table of counts is (..., R, C) float64: leading dimensions hold several tables of R x C.
"""

import torch
from torch import Tensor


def contingency(
    a: Tensor, b: Tensor, sizes: tuple[int, int], weights: Tensor | None = None
) -> Tensor:
    """Counts of each pair of values, or the sums of their weights.

    Args:
        a: (N,) int64 codes in [0, sizes[0]).
        b: (N,) int64 codes in [0, sizes[1]).
        sizes: Number of values of each.
        weights: (N,) float64; None counts all alike.

    Returns:
        (sizes[0], sizes[1]) float64.
    """
    counts = torch.bincount(a * sizes[1] + b, weights, sizes[0] * sizes[1])
    return counts.double().reshape(sizes)


def entropy(counts: Tensor) -> Tensor:
    """Entropy in nats of distributions, given as counts (..., cells)."""
    share = counts / counts.sum(-1, keepdim=True)
    information: Tensor = torch.special.xlogy(share, share).sum(-1)
    return -information


def mutual_information(table: Tensor) -> Tensor:
    """Mutual information in nats of tables of counts, (...).

    >>> round(float(mutual_information(torch.tensor([[5.0, 0.0], [0.0, 5.0]]))), 4)
    0.6931
    """
    apart = entropy(table.sum(-1)) + entropy(table.sum(-2))
    return (apart - entropy(table.flatten(-2))).clamp(min=0)


def cnf(table: Tensor) -> Tensor:
    """CNF in nats: directed information both ways, 2 I(Z_i; Z_j) where neither causes the other.

    Source: Reddy et al., arXiv 2210.12368, definition of the confounding measure.
    """
    return 2 * mutual_information(table)


def normalized_mutual_information(table: Tensor) -> Tensor:
    """Mutual information divided by the mean entropy, in [0, 1]; 0 if both are constant."""
    mean = (entropy(table.sum(-1)) + entropy(table.sum(-2))) / 2
    return torch.where(mean > 0, mutual_information(table) / mean.clamp(min=1e-300), 0.0)


def cramers_v(table: Tensor, *, corrected: bool = True) -> Tensor:
    """Cramér's V in [0, 1]; 0 where a variable is constant. Values that never occur are left out.

    Args:
        table: (..., R, C) float64 counts.
        corrected: Remove the bias of a sample (Bergsma, J. Korean Stat. Soc. 42, 2013, equation 5),
            to estimate what the counts were drawn from. Without, V is that of the counts themselves
            (Cramér, 1946, section 21.9).
    """
    n = table.sum((-2, -1))
    rows, columns = ((table.sum(axis) > 0).sum(-1) for axis in (-1, -2))
    expected = table.sum(-1, keepdim=True) * table.sum(-2, keepdim=True) / n[..., None, None]
    chi2 = ((table - expected) ** 2 / expected.clamp(min=1e-300)).sum((-2, -1))
    phi2 = chi2 / n
    if corrected:
        phi2 = (phi2 - (rows - 1) * (columns - 1) / (n - 1)).clamp(min=0)
        rows, columns = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    side = torch.minimum(rows, columns) - 1
    return torch.where(side > 0, (phi2 / side.clamp(min=1e-300)).sqrt(), 0.0)


def total_correlation(table: Tensor) -> Tensor:
    """Total correlation in nats of K variables: Σ H(Z_k) − H(Z_1, …, Z_K) (Watanabe, 1960).

    Args:
        table: (V_1, ..., V_K) float64 counts of each combination.
    """
    axes = range(table.ndim)
    marginals = [table.sum([other for other in axes if other != axis]) for axis in axes]
    apart = torch.stack([entropy(marginal) for marginal in marginals]).sum()
    return (apart - entropy(table.flatten())).clamp(min=0)


def synergy(table: Tensor) -> Tensor:
    """Information in nats that two variables have about a first only together.

    ``I(Y; A, B) − I(Y; A) − I(Y; B)``, the interaction information (McGill, 1954). It is positive
    if Y depends only on A and B jointly (parity), and negative if A and B have the same information
    about Y.

    Args:
        table: (..., Y, A, B) float64 counts.
    """
    together = mutual_information(table.flatten(-2))
    return together - mutual_information(table.sum(-1)) - mutual_information(table.sum(-2))
