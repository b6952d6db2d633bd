"""Measures of confounding on tables of counts: pure functions.

A table of counts is (..., R, C) float64, one of R x C for each place in the leading dimensions.
"""

import numpy as np
import torch
from scipy.stats import chi2_contingency, random_table
from torch import Tensor


def contingency(a: Tensor, b: Tensor, sizes: tuple[int, int]) -> Tensor:
    """Counts of each pair of values.

    Args:
        a: (N,) int64 codes in [0, sizes[0]).
        b: (N,) int64 codes in [0, sizes[1]).
        sizes: Number of values of each.

    Returns:
        (sizes[0], sizes[1]) float64.
    """
    counts = torch.bincount(a * sizes[1] + b, minlength=sizes[0] * sizes[1])
    return counts.double().reshape(sizes)


def entropy(counts: Tensor) -> Tensor:
    """Entropy in nats of the distributions with counts (..., cells)."""
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
    """Mutual information over the mean of the two entropies, in [0, 1]; 0 if both are constant."""
    mean = (entropy(table.sum(-1)) + entropy(table.sum(-2))) / 2
    return torch.where(mean > 0, mutual_information(table) / mean.clamp(min=1e-300), 0.0)


def cramers_v(table: Tensor) -> Tensor:
    """Bias-corrected Cramér's V in [0, 1] (Bergsma, J. Korean Stat. Soc. 42, 2013, equation 5).

    Values that never occur are left out; 0 where a variable is constant.
    """
    n = table.sum((-2, -1))
    rows, columns = ((table.sum(axis) > 0).sum(-1) for axis in (-1, -2))
    expected = table.sum(-1, keepdim=True) * table.sum(-2, keepdim=True) / n[..., None, None]
    chi2 = ((table - expected) ** 2 / expected.clamp(min=1e-300)).sum((-2, -1))
    phi2 = (chi2 / n - (rows - 1) * (columns - 1) / (n - 1)).clamp(min=0)
    side = torch.minimum(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    side = side - 1
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
    """What two variables tell of a first together and neither alone, in nats.

    ``I(Y; A, B) − I(Y; A) − I(Y; B)``, the interaction information (McGill, 1954): positive where
    Y depends on A and B jointly only (parity), negative where both tell the same of it.

    Args:
        table: (..., Y, A, B) float64 counts.
    """
    together = mutual_information(table.flatten(-2))
    return together - mutual_information(table.sum(-1)) - mutual_information(table.sum(-2))


def permutation_p_value(table: Tensor, permutations: int, seed: int) -> float:
    """P-value of the mutual information under shuffling, (1 + #at least as large) / (1 + draws).

    Shuffling one column keeps the totals of every value, so the tables that it would give are drawn
    directly (Patefield, Applied Statistics 30, 1981, algorithm AS 159), however many the rows.

    Args:
        table: (R, C) float64 counts.
        permutations: Number of shuffles.
        seed: Seed of the shuffles.
    """
    generator = np.random.default_rng(seed)
    # With the totals fixed, mutual information rises and falls with Σ n log n over the cells.
    observed = torch.special.xlogy(table, table).sum()
    at_once = max(1, 10_000_000 // table.numel())  # large tables would fill the memory
    hits = 0
    for start in range(0, permutations, at_once):
        shuffled = _shuffled(table, min(at_once, permutations - start), generator)
        information = torch.special.xlogy(shuffled, shuffled).sum((1, 2))
        hits += int((information >= observed * (1 - 1e-12)).sum())
    return (1 + hits) / (1 + permutations)


def synergy_p_value(table: Tensor, permutations: int, seed: int) -> float:
    """P-value of the synergy where A and B each follow Y and nothing else.

    By shuffling B among the images of each value of Y, (1 + #at least as large) / (1 + draws): that
    keeps what each alone tells of Y, and the synergy that few images have by chance.

    Args:
        table: (Y, A, B) float64 counts.
        permutations: Number of shuffles.
        seed: Seed of the shuffles.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, 10_000_000 // table.numel())  # large tables would fill the memory
    observed, hits = synergy(table), 0
    for start in range(0, permutations, at_once):
        count = min(at_once, permutations - start)
        shuffled = torch.stack([_shuffled(part, count, generator) for part in table], dim=1)
        hits += int((synergy(shuffled) >= observed - 1e-12).sum())
    return (1 + hits) / (1 + permutations)


def _shuffled(table: Tensor, count: int, generator: np.random.Generator) -> Tensor:
    """(count, R, C) tables with the totals of one."""
    rows, columns = table.sum(1).long(), table.sum(0).long()
    if table.shape != (2, 2):
        tables = random_table(rows.numpy(), columns.numpy(), seed=generator)
        return torch.from_numpy(tables.rvs(count, method="patefield")).double()
    # Of two by two, one cell decides: three times as fast, and audits have many.
    first = generator.hypergeometric(int(rows[0]), int(rows[1]), int(columns[0]), count)
    corner = torch.from_numpy(first)
    cells = corner, rows[0] - corner, columns[0] - corner, rows[1] - columns[0] + corner
    return torch.stack(cells, dim=1).double().reshape(-1, 2, 2)


def limit_p_value(table: Tensor) -> float | None:
    """What `permutation_p_value` tends to with the number of images, or None where it is not near.

    By the likelihood-ratio test (Wilks, Ann. Math. Statist. 9, 1938), where independence would have
    at least five images of every pair of values that occur (Cochran, Biometrics 10, 1954).

    Args:
        table: (R, C) float64 counts.
    """
    rows, columns = table.sum(1), table.sum(0)
    table = table[rows > 0][:, columns > 0]
    test = chi2_contingency(table.numpy(), correction=False, lambda_="log-likelihood")
    return float(test.pvalue) if test.expected_freq.min() >= 5 else None


def holm(p_values: Tensor) -> Tensor:
    """P-values (M,) adjusted for M tests (Holm, Scand. J. Statist. 6, 1979).

    >>> [round(p, 3) for p in holm(torch.tensor([0.01, 0.04, 0.03])).tolist()]
    [0.03, 0.06, 0.06]
    """
    order = p_values.argsort()
    factors = torch.arange(len(p_values), 0, -1)
    adjusted = torch.empty_like(p_values)
    adjusted[order] = (p_values[order] * factors).cummax(0).values.clamp(max=1)
    return adjusted
