"""The audit of an attribute table: every pair of attributes, the rare groups, and sets of three."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from cfaug.auditing.p_values import holm, limit_p_value, permutation_p_value, synergy_p_value
from datamodules.attributes import MOST_GROUPS, AttributeSpace
from datamodules.process.measures import (
    cnf,
    contingency,
    cramers_v,
    normalized_mutual_information,
    synergy,
    total_correlation,
)

PERMUTATIONS = 1000
"""Default number of shuffles for a p-value."""

PERMUTATIONS_PER_TEST = 25
"""Shuffles per test, so that the smallest possible p-value is below 0.05 after the correction."""

LEVEL = 0.95
"""Level of the intervals."""


@dataclass(frozen=True)
class PairAudit:
    """The measures of one pair of attributes.

    - ``cnf_low`` and ``cnf_high`` bound a basic bootstrap interval of 95 % (Davison & Hinkley,
      1997, section 5.2.1). It corrects the upward bias of the CNF with few images. For independent
      attributes with many values it lies below the CNF, at zero.
    - ``holm_p_value`` is corrected for all pairs.
    - ``rarest`` names the rarest pair of values, one of each attribute; ``smallest_cell`` is its
      number of images.
    """

    first: str
    second: str
    cnf: float
    cnf_low: float
    cnf_high: float
    normalized_mutual_information: float
    cramers_v: float
    p_value: float
    holm_p_value: float
    smallest_cell: int
    rarest: str


@dataclass(frozen=True)
class SetAudit:
    """The label with two attributes, see `total_correlation` and `synergy`; p is of the synergy."""

    names: tuple[str, str, str]
    total_correlation: float
    synergy: float
    p_value: float
    holm_p_value: float


@dataclass(frozen=True)
class Audit:
    """The confounding of an attribute table.

    Pairs with the label come before the others. Both parts are sorted by CNF, the largest first.
    Sets are sorted by synergy. ``groups`` has the number of images of each combination of values
    that occurs. ``combinations`` is the number of possible combinations.
    """

    images: int
    pairs: tuple[PairAudit, ...]
    sets: tuple[SetAudit, ...]
    groups: dict[int, int]
    combinations: int

    @property
    def empty(self) -> list[int]:
        """Groups without an image; none are listed if more than `MOST_GROUPS` are possible."""
        if self.combinations > MOST_GROUPS:
            return []
        return [group for group in range(self.combinations) if group not in self.groups]

    def rare(self, at_most: int) -> list[int]:
        """Groups with 1 to ``at_most`` images, the smallest first."""
        few = [group for group, count in sorted(self.groups.items()) if count <= at_most]
        return sorted(few, key=lambda group: self.groups[group])


def audit_attributes(
    attributes: Tensor,
    space: AttributeSpace,
    permutations: int | None = None,
    bootstraps: int = 1000,
    seed: int = 0,
    *,
    sets: bool = False,
) -> Audit:
    """Measure the confounding between every pair of attributes.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        permutations: Shuffles for each p-value; None for `PERMUTATIONS`. With None, a small p-value
            is computed again if `PERMUTATIONS` are too few for the correction: by its limit, or by
            `PERMUTATIONS_PER_TEST` shuffles for each test.
        bootstraps: Resampled tables for each interval.
        seed: Seed of the shuffles and the resampling.
        sets: Also measure the label with every two other attributes.
    """
    chosen = list(combinations(range(len(space.attributes)), 2))
    columns = list(attributes.T.contiguous())
    tables = [contingency(columns[i], columns[j], _sizes(space, i, j)) for i, j in chosen]
    p_values = _p_values(tables, permutations, seed, permutation_p_value, limit_p_value)
    pairs = [
        _pair(space, i, j, table, bootstraps, seed, *p)
        for (i, j), table, p in zip(chosen, tables, p_values, strict=True)
    ]
    pairs.sort(key=lambda pair: (space.label not in (pair.first, pair.second), -pair.cnf))
    triples = _sets(columns, space, permutations, seed) if sets else ()
    groups = _groups(attributes, space)
    return Audit(len(attributes), tuple(pairs), triples, groups, space.num_groups)


def _groups(attributes: Tensor, space: AttributeSpace) -> dict[int, int]:
    if space.num_groups < 2**63:
        numbers, counts = torch.unique(space.groups(attributes), return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    rows, counts = torch.unique(attributes, dim=0, return_counts=True)
    # In Python's integers: 40 attributes of ten values have more groups than 64 bits can number.
    groups = np.zeros(len(rows), dtype=object)
    for column, cardinality in enumerate(space.cardinalities):
        groups = groups * cardinality + rows[:, column].numpy()
    return dict(zip(groups.tolist(), counts.tolist(), strict=True))


def _sizes(space: AttributeSpace, i: int, j: int) -> tuple[int, int]:
    return space.cardinalities[i], space.cardinalities[j]


def _p_values(
    tables: list[Tensor],
    permutations: int | None,
    seed: int,
    by_shuffling: Callable[[Tensor, int, int], float],
    by_limit: Callable[[Tensor], float | None],
) -> list[tuple[float, float]]:
    """The p-value of each table, and the one corrected for all tables."""
    needed = PERMUTATIONS_PER_TEST * len(tables)

    def p_value(table: Tensor) -> float:
        found = by_shuffling(table, permutations or PERMUTATIONS, seed)
        if permutations or needed <= PERMUTATIONS or found > 0.01:
            return found
        limit = by_limit(table)
        return by_shuffling(table, needed, seed) if limit is None else limit

    found = [p_value(table) for table in tables]
    corrected = holm(torch.tensor(found, dtype=torch.double)).tolist()
    return list(zip(found, corrected, strict=True))


def _pair(
    space: AttributeSpace,
    i: int,
    j: int,
    table: Tensor,
    bootstraps: int,
    seed: int,
    p_value: float,
    holm_p_value: float,
) -> PairAudit:
    images = int(table.sum())
    drawn = np.random.default_rng(seed).multinomial(
        images, (table / images).flatten().numpy(), bootstraps
    )
    resampled = cnf(torch.from_numpy(drawn).double().reshape(-1, *table.shape))
    tail = (1 - LEVEL) / 2
    quantiles = resampled.quantile(torch.tensor([1 - tail, tail], dtype=torch.double))
    measured = cnf(table)
    low, high = (2 * measured - quantiles).clamp(min=0).tolist()
    row, column = divmod(int(table.argmin()), table.shape[1])
    first, second = space.attributes[i], space.attributes[j]
    return PairAudit(
        first=first.name,
        second=second.name,
        cnf=float(measured),
        cnf_low=low,
        cnf_high=high,
        normalized_mutual_information=float(normalized_mutual_information(table)),
        cramers_v=float(cramers_v(table)),
        p_value=p_value,
        holm_p_value=holm_p_value,
        smallest_cell=int(table.min()),
        rarest=f"{first.values[row]}, {second.values[column]}",
    )


def _sets(
    columns: list[Tensor], space: AttributeSpace, permutations: int | None, seed: int
) -> tuple[SetAudit, ...]:
    label = space.label_position
    others = [k for k in range(len(columns)) if k != label]
    chosen = list(combinations(others, 2))
    tables = []
    for i, j in chosen:
        sizes = space.cardinalities[label], *_sizes(space, i, j)
        both = columns[i] * sizes[2] + columns[j]
        table = contingency(columns[label], both, (sizes[0], sizes[1] * sizes[2]))
        tables.append(table.reshape(sizes))
    p_values = _p_values(tables, permutations, seed, synergy_p_value, lambda _: None)
    found = [
        SetAudit(
            (space.names[label], space.names[i], space.names[j]),
            float(total_correlation(table)),
            float(synergy(table)),
            *p,
        )
        for (i, j), table, p in zip(chosen, tables, p_values, strict=True)
    ]
    return tuple(sorted(found, key=lambda s: -s.synergy))
