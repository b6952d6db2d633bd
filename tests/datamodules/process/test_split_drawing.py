from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.attributes import AttributeSpace, attribute_space
from datamodules.process.split_drawing import draw_splits

SHARES = {"test": 0.2, "val": 0.1}
WANTED = {"train": 0.7, **SHARES}


def space_of(*sizes: int) -> AttributeSpace:
    return attribute_space({f"a{k}": list(map(str, range(n))) for k, n in enumerate(sizes)}, "a0")


def rows_of(counts: Sequence[int], *sizes: int) -> torch.Tensor:
    """Rows with so many images of each combination, in order."""
    groups = np.repeat(np.arange(len(counts)), counts)
    return torch.from_numpy(np.stack(np.unravel_index(groups, sizes), axis=1))


def counted(names: list[str], groups: torch.Tensor, count: int) -> dict[str, torch.Tensor]:
    """Images of each combination in each split."""
    which = np.array(names)
    return {
        s: torch.bincount(groups[torch.from_numpy(which == s)], minlength=count) for s in WANTED
    }


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_splits_have_their_shares_however_small_the_combinations(size: int) -> None:
    rows = rows_of([size] * (600 // size), 24, 25)
    names = draw_splits(rows, space_of(24, 25), SHARES, 0)
    assert {s: names.count(s) for s in WANTED} == {"train": 420, "val": 60, "test": 120}
    if size == 50:
        for start in range(0, 600, 50):
            assert abs(names[start : start + 50].count("test") - 10) < 2


@pytest.mark.parametrize("seed", range(20))
def test_rare_combinations_get_a_test_image_then_a_training_and_a_validation_image(
    seed: int,
) -> None:
    counts = [400, 3, 2, 1, 300, 200]
    rows, space = rows_of(counts, 2, 3), space_of(2, 3)
    names = draw_splits(rows, space, SHARES, seed)
    found = counted(names, space.groups(rows), 6)
    assert {s: found[s][1:4].tolist() for s in WANTED} == {
        "test": [1, 1, 1],
        "train": [1, 1, 0],
        "val": [1, 0, 0],
    }
    for split, share in WANTED.items():
        assert abs(names.count(split) - share * 906) <= 1
        assert (found[split] - share * torch.tensor(counts))[[0, 4, 5]].abs().max() <= 3


@pytest.mark.parametrize("seed", range(20))
def test_training_keeps_an_image_of_every_value(seed: int) -> None:
    # Of the second attribute one value is in one image, another in two combinations of one.
    rows, space = rows_of([60, 30, 1, 1, 30, 60, 0, 1], 2, 4), space_of(2, 4)
    found = counted(draw_splits(rows, space, SHARES, seed), space.groups(rows), 8)
    assert found["train"][2] == 1
    assert found["train"][3] + found["train"][7] == found["test"][3] + found["test"][7] == 1


def test_values_are_learnt_from_common_combinations_so_that_the_rare_are_tested() -> None:
    rows, space = rows_of([9, 1, 9, 9], 2, 2), space_of(2, 2)
    assert {draw_splits(rows, space, SHARES, seed)[9] for seed in range(40)} == {"test"}


def test_rare_combinations_take_at_most_half_of_a_split() -> None:
    rows, space = rows_of([1] * 399 + [601], 20, 20), space_of(20, 20)
    found = counted(draw_splits(rows, space, SHARES, 0), space.groups(rows), 400)
    assert sum(map(int, found["test"])) == 200
    assert int(found["test"][:399].sum()) >= 100
    assert int(found["test"][399]) > 0.2 * 600 / 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=12, max_size=12).filter(lambda n: sum(n) > 30),
    st.integers(0, 2**32 - 1),
    st.sampled_from([(0.2, 0.1), (0.4, 0.3), (0.1, 0.05)]),
)
def test_shares_hold_to_within_one_image(
    counts: list[int], seed: int, shares: tuple[float, float]
) -> None:
    rows, space = rows_of(counts, 3, 4), space_of(3, 4)
    wanted = dict(zip(("test", "val"), shares, strict=True))
    names = draw_splits(rows, space, wanted, seed)
    assert names == draw_splits(rows, space, wanted, seed)
    for split, share in {"train": 1 - sum(shares), **wanted}.items():
        assert abs(names.count(split) - share * sum(counts)) <= 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(10, 200), min_size=6, max_size=6), st.integers(0, 2**32 - 1))
def test_combinations_that_are_not_rare_have_their_shares_to_within_three(
    counts: list[int], seed: int
) -> None:
    rows, space = rows_of(counts, 2, 3), space_of(2, 3)
    found = counted(draw_splits(rows, space, SHARES, seed), space.groups(rows), 6)
    for split, share in WANTED.items():
        assert int(found[split].min()) >= 1
        assert (found[split] - share * torch.tensor(counts)).abs().max() < 3


def persons_and_rows(seed: int, mixed: float) -> tuple[torch.Tensor, torch.Tensor]:
    """300 persons with 1 to 30 images each, mostly of the person's own combination."""
    random = np.random.default_rng(seed)
    persons = np.repeat(np.arange(300), random.integers(1, 30, 300))
    own = random.choice(6, 300, p=[0.4, 0.3, 0.15, 0.1, 0.04, 0.01])[persons]
    groups = np.where(random.random(len(own)) < mixed, random.integers(0, 6, len(own)), own)
    rows = np.stack(np.unravel_index(groups, (2, 3)), axis=1)
    shuffled = random.permutation(len(rows))
    return torch.from_numpy(persons[shuffled]), torch.from_numpy(rows[shuffled])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("mixed", [0.0, 0.3])
def test_no_person_is_in_two_splits_and_shares_hold_as_persons_allow(
    seed: int, mixed: float
) -> None:
    persons, rows = persons_and_rows(seed, mixed)
    space = space_of(2, 3)
    names = np.array(draw_splits(rows, space, SHARES, seed, persons))
    for person in persons.unique():
        assert len(set(names[persons.numpy() == int(person)])) == 1
    largest = int(torch.bincount(persons).max())
    for split, share in WANTED.items():
        assert abs((names == split).sum() - share * len(rows)) <= 2 * largest

    def apart(which: np.ndarray) -> float:
        """Mean distance of the shares of the common combinations from those that are wanted."""
        groups = space.groups(rows)
        whole = torch.bincount(groups, minlength=6)
        found = counted(list(which), groups, 6)
        off = [(found[s] / whole - share).abs()[:4] for s, share in WANTED.items()]
        return float(torch.cat(off).mean())

    at_random = [
        apart(np.random.default_rng(k).choice(list(WANTED), 300, p=list(WANTED.values()))[persons])
        for k in range(10)
    ]
    assert apart(names) < min(at_random)


def test_a_rare_combination_of_three_persons_is_in_all_splits() -> None:
    # 100 persons of ten images; the last three have one image of the rare combination each.
    persons = torch.arange(1000) // 10
    rows = torch.stack([torch.arange(1000) % 2, torch.zeros(1000).long()], 1)
    rows[[975, 985, 995]] = torch.tensor([0, 1])
    for seed in range(10):
        names = draw_splits(rows, space_of(2, 2), SHARES, seed, persons)
        assert {names[row] for row in (975, 985, 995)} == set(WANTED)


def test_three_persons_have_a_split_each_and_the_largest_is_for_training() -> None:
    persons = torch.tensor([7] * 50 + [3] * 20 + [9] * 30)
    rows = torch.stack([torch.arange(100) % 2, torch.arange(100) // 2 % 2], 1)
    names = draw_splits(rows, space_of(2, 2), SHARES, 0, persons)
    assert {names[0], names[50], names[70]} == set(WANTED)


def test_the_seed_decides_and_the_numbers_of_persons_do_not() -> None:
    persons, rows = persons_and_rows(0, 0.3)
    one = draw_splits(rows, space_of(2, 3), SHARES, 0, persons)
    assert one == draw_splits(rows, space_of(2, 3), SHARES, 0, persons * 1_000 + 5)
    assert one != draw_splits(rows, space_of(2, 3), SHARES, 1, persons)
