"""Measures of confounding on attribute tables: pure functions of integer codes."""

import math
from dataclasses import dataclass
from itertools import combinations

import torch
from scipy.stats import random_table
from torch import Tensor

from datamodules.attributes import AttributeSpace


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


def entropy(counts: Tensor) -> float:
    """Entropy in nats of the distribution with these counts, of any shape."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * share.log()).sum())


def mutual_information(table: Tensor) -> float:
    """Mutual information in nats of a table of counts.

    >>> round(mutual_information(torch.tensor([[5.0, 0.0], [0.0, 5.0]])), 4)
    0.6931
    """
    return max(0.0, entropy(table.sum(0)) + entropy(table.sum(1)) - entropy(table))


def cnf(table: Tensor) -> float:
    """CNF in nats: directed information both ways, 2 I(Z_i; Z_j) where neither causes the other.

    Source: Reddy et al., arXiv 2210.12368, definition of the confounding measure.
    """
    return 2 * mutual_information(table)


def normalized_mutual_information(table: Tensor) -> float:
    """Mutual information over the mean of the two entropies, in [0, 1]; 0 if both are constant."""
    mean = (entropy(table.sum(0)) + entropy(table.sum(1))) / 2
    return mutual_information(table) / mean if mean > 0 else 0.0


def cramers_v(table: Tensor) -> float:
    """Bias-corrected Cramér's V in [0, 1] (Bergsma, J. Korean Stat. Soc. 42, 2013, equation 5).

    Values that never occur are left out; 0 where a variable is constant.
    """
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    rows, columns = table.shape
    if min(rows, columns) < 2:
        return 0.0
    n = float(table.sum())
    expected = table.sum(1, keepdim=True) * table.sum(0, keepdim=True) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    side = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return math.sqrt(phi2 / side) if side > 0 else 0.0


def permutation_p_value(table: Tensor, permutations: int, seed: int) -> float:
    """P-value of the mutual information under shuffling, (1 + #at least as large) / (1 + draws).

    Shuffling one column keeps the totals of every value, so the tables that it would give are drawn
    directly (Patefield, Applied Statistics 30, 1981, algorithm AS 159), however many the rows.

    Args:
        table: (R, C) float64 counts.
        permutations: Number of shuffles.
        seed: Seed of the shuffles.
    """
    totals = table.sum(1).long().numpy(), table.sum(0).long().numpy()
    tables = random_table(*totals, seed=seed).rvs(permutations, method="patefield")
    shuffled = torch.from_numpy(tables).double()
    # With the totals fixed, mutual information rises and falls with Σ n log n over the cells.
    information = torch.special.xlogy(shuffled, shuffled).sum((1, 2))
    observed = torch.special.xlogy(table, table).sum()
    hits = int((information >= observed * (1 - 1e-12)).sum())
    return (1 + hits) / (1 + permutations)


@dataclass(frozen=True)
class PairAudit:
    """The measures of one pair of attributes."""

    first: str
    second: str
    cnf: float
    normalized_mutual_information: float
    cramers_v: float
    p_value: float
    smallest_cell: int


@dataclass(frozen=True)
class Audit:
    """The confounding of an attribute table.

    ``counts`` is (num_groups,) int64: images of each combination of values.
    """

    pairs: tuple[PairAudit, ...]
    counts: Tensor

    @property
    def empty(self) -> list[int]:
        """Groups without an image."""
        return torch.nonzero(self.counts == 0).flatten().tolist()

    def rare(self, at_most: int) -> list[int]:
        """Groups with 1 to ``at_most`` images, the smallest first."""
        found = torch.nonzero((self.counts > 0) & (self.counts <= at_most)).flatten()
        return found[self.counts[found].argsort(stable=True)].tolist()


def audit_attributes(
    attributes: Tensor, space: AttributeSpace, permutations: int = 1000, seed: int = 0
) -> Audit:
    """Measure the confounding between every pair of attributes.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        permutations: Shuffles behind each p-value.
        seed: Seed of the shuffles.
    """
    pairs: list[PairAudit] = []
    for i, j in combinations(range(len(space.attributes)), 2):
        sizes = space.cardinalities[i], space.cardinalities[j]
        table = contingency(attributes[:, i], attributes[:, j], sizes)
        pairs.append(
            PairAudit(
                first=space.names[i],
                second=space.names[j],
                cnf=cnf(table),
                normalized_mutual_information=normalized_mutual_information(table),
                cramers_v=cramers_v(table),
                p_value=permutation_p_value(table, permutations, seed),
                smallest_cell=int(table.min()),
            )
        )
    counts = torch.bincount(space.groups(attributes), minlength=space.num_groups)
    return Audit(tuple(pairs), counts)
