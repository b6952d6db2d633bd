import math

import pytest
import torch
from scipy.stats import chi2_contingency
from sklearn.metrics import mutual_info_score, normalized_mutual_info_score

from cfaug.confounding import (
    audit_attributes,
    cnf,
    contingency,
    cramers_v,
    mutual_information,
    normalized_mutual_information,
    permutation_p_value,
)
from datamodules.attributes import attribute_space

GENERATOR = torch.Generator().manual_seed(0)
A = torch.randint(5, (3000,), generator=GENERATOR)
B = torch.where(
    torch.rand(3000, generator=GENERATOR) < 0.4,
    A % 4,
    torch.randint(4, (3000,), generator=GENERATOR),
)
TABLE = contingency(A, B, (5, 4))


def test_information_agrees_with_scikit_learn() -> None:
    assert mutual_information(TABLE) == pytest.approx(mutual_info_score(A, B))
    assert cnf(TABLE) == pytest.approx(2 * mutual_info_score(A, B))
    expected = normalized_mutual_info_score(A, B)
    assert normalized_mutual_information(TABLE) == pytest.approx(expected)


def test_cramers_v_agrees_with_the_corrected_chi_square_of_scipy() -> None:
    n, (rows, columns) = len(A), (5, 4)
    phi2 = chi2_contingency(TABLE.numpy(), correction=False).statistic / n
    phi2 -= (rows - 1) * (columns - 1) / (n - 1)
    side = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    assert cramers_v(TABLE) == pytest.approx(math.sqrt(phi2 / (side - 1)))


def test_extremes() -> None:
    total = torch.diag(torch.full((3,), 50.0))
    assert mutual_information(total) == pytest.approx(math.log(3))
    assert cramers_v(total) == pytest.approx(1.0, abs=1e-6)
    none = torch.full((3, 4), 25.0)
    assert mutual_information(none) == pytest.approx(0, abs=1e-12)
    assert cramers_v(none) == 0
    constant = torch.tensor([[10.0, 20.0], [0.0, 0.0]])
    assert cramers_v(constant) == 0
    assert normalized_mutual_information(constant) == 0


def test_permutation_p_value_tells_dependence_from_chance() -> None:
    assert permutation_p_value(TABLE, 99, 0) == pytest.approx(0.01)
    draw = torch.Generator().manual_seed(0)
    values = []
    for seed in range(40):
        a, b = torch.randint(3, (2, 200), generator=draw)
        values.append(permutation_p_value(contingency(a, b, (3, 3)), 39, seed))
    assert 0.3 < sum(values) / len(values) < 0.7


def test_permutation_p_value_agrees_with_shuffling_rows() -> None:
    draw = torch.Generator().manual_seed(1)
    a = torch.randint(3, (60,), generator=draw)
    b = torch.where(
        torch.rand(60, generator=draw) < 0.15, a, torch.randint(3, (60,), generator=draw)
    )
    observed = mutual_information(contingency(a, b, (3, 3))) - 1e-12
    hits = 0
    for _ in range(2000):
        shuffled = b[torch.randperm(60, generator=draw)]
        hits += mutual_information(contingency(a, shuffled, (3, 3))) >= observed
    expected = hits / 2000
    assert 0.02 < expected < 0.6  # neither end, where any test would agree
    assert permutation_p_value(contingency(a, b, (3, 3)), 2000, 0) == pytest.approx(
        expected, abs=0.04
    )


def test_permutation_p_value_of_a_constant_is_one() -> None:
    assert permutation_p_value(torch.tensor([[3.0, 5.0], [0.0, 0.0]]).double(), 50, 0) == 1


def test_audit_names_empty_and_rare_groups() -> None:
    space = attribute_space({"digit": ["0", "1"], "color": ["red", "blue", "green"]}, "digit")
    rows = [(0, 0)] * 40 + [(0, 1)] * 2 + [(1, 1)] * 50 + [(1, 2)] * 1
    audit = audit_attributes(torch.tensor(rows), space, permutations=20)
    assert [space.group_name(group) for group in audit.empty] == [
        "digit=0, color=green",
        "digit=1, color=red",
    ]
    assert [space.group_name(group) for group in audit.rare(5)] == [
        "digit=1, color=green",
        "digit=0, color=blue",
    ]
    assert audit.pairs[0].smallest_cell == 0
