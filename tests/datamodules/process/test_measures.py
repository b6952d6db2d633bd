import math

import pytest
import torch
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association
from sklearn.metrics import mutual_info_score, normalized_mutual_info_score

from cfaug.auditing.attribute_audit import audit_attributes
from cfaug.auditing.p_values import holm, limit_p_value, permutation_p_value, synergy_p_value
from datamodules.attributes import attribute_space
from datamodules.process.measures import (
    cnf,
    contingency,
    cramers_v,
    mutual_information,
    normalized_mutual_information,
    synergy,
    total_correlation,
)

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


def test_cramers_v_of_the_counts_themselves_agrees_with_scipy() -> None:
    wanted = association(TABLE.long().numpy(), method="cramer")
    assert cramers_v(TABLE, corrected=False) == pytest.approx(wanted)
    few = torch.tensor([[4.0, 2.0], [2.0, 4.0]])
    assert cramers_v(few) == pytest.approx(0.15, abs=0.01)  # half of it could be chance
    assert cramers_v(few, corrected=False) == pytest.approx(1 / 3)


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
        hits += int(mutual_information(contingency(a, shuffled, (3, 3))) >= observed)
    expected = hits / 2000
    assert 0.02 < expected < 0.6  # neither end, where any test would agree
    assert permutation_p_value(contingency(a, b, (3, 3)), 2000, 0) == pytest.approx(
        expected, abs=0.04
    )


def test_two_by_two_tables_are_shuffled_as_larger_ones_are() -> None:
    table = torch.tensor([[30.0, 14.0], [12.0, 20.0]]).double()
    padded = torch.nn.functional.pad(table, (0, 1))  # a value that never occurs
    expected = permutation_p_value(padded, 20_000, 0)
    assert 0.005 < expected < 0.05
    assert permutation_p_value(table, 20_000, 0) == pytest.approx(expected, abs=0.004)


def test_permutation_p_value_of_a_constant_is_one() -> None:
    assert permutation_p_value(torch.tensor([[3.0, 5.0], [0.0, 0.0]]).double(), 50, 0) == 1


def test_tables_are_measured_together_as_one_by_one() -> None:
    draw = torch.Generator().manual_seed(3)
    tables = torch.randint(0, 40, (6, 3, 4), generator=draw).double()
    tables[1, 2] = 0  # a value that never occurs
    tables[2, :, 1:] = 0  # a constant
    for measure in (mutual_information, cnf, normalized_mutual_information, cramers_v):
        alone = torch.stack([measure(table) for table in tables])
        assert torch.allclose(measure(tables), alone)


def test_total_correlation_of_two_is_their_mutual_information_and_of_copies_adds_up() -> None:
    assert total_correlation(TABLE) == pytest.approx(mutual_info_score(A, B))
    copies = torch.zeros(2, 2, 2).double()
    copies[0, 0, 0] = copies[1, 1, 1] = 50
    assert total_correlation(copies) == pytest.approx(2 * math.log(2))
    assert synergy(copies) == pytest.approx(-math.log(2))  # both tell the same


def test_parity_is_found_by_sets_alone() -> None:
    draw = torch.Generator().manual_seed(0)
    a, b, c = torch.randint(2, (3, 4000), generator=draw)
    rows = torch.stack([a ^ b, a, b, c], dim=1)
    space = attribute_space({name: ["0", "1"] for name in "yabc"}, "y")
    audit = audit_attributes(rows, space, sets=True)
    assert all(pair.holm_p_value > 0.05 for pair in audit.pairs)
    first, *rest = audit.sets
    assert first.names == ("y", "a", "b")
    assert first.total_correlation == pytest.approx(math.log(2), abs=0.01)
    assert first.synergy == pytest.approx(math.log(2), abs=0.01)
    assert first.holm_p_value < 0.05
    assert all(abs(found.synergy) < 0.01 and found.holm_p_value > 0.05 for found in rest)


def test_a_strong_pair_and_noise_are_no_synergy() -> None:
    space = attribute_space({name: list("012345") for name in "yabc"}, "y")
    found = []
    for seed in range(5):
        draw = torch.Generator().manual_seed(seed)
        y, b, c, other = torch.randint(6, (4, 1300), generator=draw)
        a = torch.where(torch.rand(1300, generator=draw) < 0.95, y, other)
        rows = torch.stack([y, a, b, c], dim=1)
        audit = audit_attributes(rows, space, permutations=199, bootstraps=2, sets=True)
        assert audit.pairs[0].holm_p_value < 0.05
        found += audit.sets
    assert all(some.synergy > 0.01 for some in found)  # of few images, by chance
    assert sum(some.p_value < 0.2 for some in found) <= 6
    assert sum(some.p_value > 0.5 for some in found) >= 3


def test_synergy_is_shuffled_as_by_rows() -> None:
    draw = torch.Generator().manual_seed(0)
    y, a, b = torch.randint(3, (3, 60), generator=draw)
    b = torch.where(torch.rand(60, generator=draw) < 0.1, (y + a) % 3, b)
    hits = 0
    for _ in range(400):
        order = torch.argsort(y + torch.rand(60, generator=draw))
        within = torch.empty_like(b)
        within[torch.argsort(y, stable=True)] = b[order]
        hits += int(synergy(counted(y, a, within)) >= synergy(counted(y, a, b)) - 1e-12)
    p_value = synergy_p_value(counted(y, a, b), 4000, 0)
    assert 0.01 < p_value < 0.5
    assert p_value == pytest.approx((1 + hits) / 401, abs=0.06)


def test_a_value_of_the_label_without_images_changes_no_p_value_of_synergy() -> None:
    table = torch.tensor([[[5, 1, 2], [0, 4, 3]], [[1, 6, 2], [3, 0, 4]]]).double()
    more = torch.cat([table, torch.zeros(1, 2, 3)])
    assert synergy_p_value(more, 99, 0) == synergy_p_value(table, 99, 0)


def counted(*columns: torch.Tensor) -> torch.Tensor:
    table = torch.zeros(3, 3, 3).double()
    table.index_put_(columns, torch.tensor(1.0).double(), accumulate=True)
    return table


def test_holm_agrees_with_its_definition() -> None:
    p = torch.tensor([0.04, 0.001, 0.5, 0.012, 0.02], dtype=torch.double)
    order = sorted(range(5), key=lambda i: float(p[i]))
    for rank, i in enumerate(order):
        below = [(5 - r) * float(p[k]) for r, k in enumerate(order[: rank + 1])]
        assert float(holm(p)[i]) == pytest.approx(min(1.0, max(below)))


def test_the_limit_of_a_p_value_is_that_of_many_shuffles() -> None:
    table = torch.tensor([[600, 400, 430], [800, 700, 550], [0, 0, 0]]).double()
    shuffled = permutation_p_value(table, 200_000, 0)
    assert shuffled < 0.001
    assert limit_p_value(table) == pytest.approx(shuffled, rel=0.2)
    assert limit_p_value(torch.tensor([[20.0, 0.0], [0.0, 4.0]])) is None  # 0.7 expected of one


def test_many_pairs_of_few_images_can_still_be_significant() -> None:
    draw = torch.Generator().manual_seed(1)
    columns = [torch.randperm(16, generator=draw) < 8 for _ in range(15)]
    columns[7] = columns[0]
    rows = torch.stack(columns, dim=1).long()
    space = attribute_space({f"a{k}": ["0", "1"] for k in range(15)}, "a0")
    pair = audit_attributes(rows, space).pairs[0]
    assert (pair.first, pair.second) == ("a0", "a7")
    # Two of the 12,870 orders of such a column are as extreme; 1,000 shuffles show 0.001 at best.
    assert pair.holm_p_value < 0.05


def test_many_pairs_can_still_be_significant() -> None:
    draw = torch.Generator().manual_seed(0)
    rows = torch.randint(2, (3000, 20), generator=draw)
    rows[:, 7] = torch.where(torch.rand(3000, generator=draw) < 0.3, rows[:, 0], rows[:, 7])
    space = attribute_space({f"a{k}": ["0", "1"] for k in range(20)}, "a0")
    audit = audit_attributes(rows, space)
    significant = [pair for pair in audit.pairs if pair.holm_p_value < 0.05]
    assert [(pair.first, pair.second) for pair in significant] == [("a0", "a7")]
    assert audit.pairs[0] is significant[0]
    assert all("a0" in (pair.first, pair.second) for pair in audit.pairs[:19])  # label first


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    space = attribute_space({"y": ["0", "1"], "a": ["0", "1"]}, "y")
    truth = float(cnf(torch.tensor([[0.4, 0.1], [0.1, 0.4]]).double()))
    draw = torch.Generator().manual_seed(0)
    hits = 0
    for seed in range(100):
        y = torch.randint(2, (500,), generator=draw)
        a = torch.where(torch.rand(500, generator=draw) < 0.8, y, 1 - y)
        pair = audit_attributes(torch.stack([y, a], 1), space, 20, 400, seed).pairs[0]
        assert pair.cnf_low < pair.cnf < pair.cnf_high
        hits += pair.cnf_low <= truth <= pair.cnf_high
    assert 88 <= hits <= 99


def test_intervals_of_independent_attributes_with_many_values_reach_zero() -> None:
    values = [str(value) for value in range(10)]
    space = attribute_space({"y": values, "a": values}, "y")
    rows = torch.randint(10, (1000, 2), generator=torch.Generator().manual_seed(0))
    pair = audit_attributes(rows, space, 20).pairs[0]
    assert pair.cnf > 0.04  # what counting few images adds
    assert pair.cnf_low == 0
    assert pair.cnf_high < pair.cnf


def test_large_tables_are_shuffled_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(0)
    table = torch.randint(1, 9, (1000, 1001), generator=draw).double()
    counts = []

    def shuffled(table: torch.Tensor, count: int, _: object) -> torch.Tensor:
        counts.append(count)
        return table.expand(count, -1, -1)[:, :2, :2]

    monkeypatch.setattr("cfaug.auditing.p_values._shuffled", shuffled)
    assert permutation_p_value(table, 25, 0) == pytest.approx(1 / 26)
    assert sum(counts) == 25
    assert max(counts) == 9  # of 1,001,000 cells each


def test_rare_groups_are_counted_of_more_combinations_than_64_bits_can_number() -> None:
    rows = torch.zeros(200, 70, dtype=torch.int64)
    rows[150:] = 1
    rows[199, 0] = 0
    space = attribute_space({f"a{k}": ["no", "yes"] for k in range(70)}, "a0")
    audit = audit_attributes(rows, space, permutations=2, bootstraps=2)
    assert audit.combinations == 2**70
    assert audit.groups == {0: 150, 2**70 - 1: 49, 2**69 - 1: 1}
    assert [space.group_name(group)[:13] for group in audit.rare(5)] == ["a0=no, a1=yes"]
    assert audit.empty == []


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
    assert audit.pairs[0].rarest == "0, green"
