"""P-values of the measures, by shuffling or by their limit for many images."""

import numpy as np
import torch
from scipy.stats import chi2_contingency, random_table
from torch import Tensor

from datamodules.process.measures import synergy


def permutation_p_value(table: Tensor, permutations: int, seed: int) -> float:
    """P-value of the mutual information under shuffling, (1 + #at least as large) / (1 + draws).

    Shuffling one column keeps the totals of every value. So the resulting tables are drawn directly
    (Patefield, Applied Statistics 30, 1981, algorithm AS 159), which takes equally long for any
    number of rows.

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
    """P-value of the synergy if A and B are independent given Y.

    B is shuffled among the images of each value of Y: (1 + #at least as large) / (1 + draws). This
    keeps the dependence of A and Y and of B and Y, and the synergy that few images have by chance.

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
    # One cell determines a two-by-two table. This is three times as fast, and audits have many.
    first = generator.hypergeometric(int(rows[0]), int(rows[1]), int(columns[0]), count)
    corner = torch.from_numpy(first)
    cells = corner, rows[0] - corner, columns[0] - corner, rows[1] - columns[0] + corner
    return torch.stack(cells, dim=1).double().reshape(-1, 2, 2)


def limit_p_value(table: Tensor) -> float | None:
    """The limit of `permutation_p_value` for many images; None if there are too few images.

    It is the p-value of the likelihood-ratio test (Wilks, Ann. Math. Statist. 9, 1938). There are
    enough images if independence would give at least five to every pair of values that occur
    (Cochran, Biometrics 10, 1954).

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
