import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from datamodules.attributes import attribute_space
from datamodules.process.dial import Dial

SPACE = attribute_space({"male": ["no", "yes"], "smiling": ["no", "yes"]}, label="smiling")
CELEBA = {(0, 0): 1779, (1, 0): 1820, (0, 1): 2197, (1, 1): 1169}
"""Images of a training part: male or not, smiling or not."""


def table(counts: dict[tuple[int, ...], int]) -> Tensor:
    rows = torch.tensor([row for row, count in counts.items() for _ in range(count)]).long()
    rows = rows.view(-1, len(next(iter(counts))))
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]


def counted(rows: Tensor) -> dict[tuple[int, ...], int]:
    found: dict[tuple[int, ...], int] = {}
    for row in rows.tolist():
        found[tuple(row)] = found.get(tuple(row), 0) + 1
    return found


def test_a_worked_example() -> None:
    dial = Dial(SPACE, 0.95, {"male": ["yes", "no"]})
    images = table(CELEBA)
    # q(male) is 1169 of 1169 + 1779, 0.3965. Of those who do not smile 0.95 + 0.05 * 0.3965 are
    # men, so that 1820 men allow 1876 images; the other 2124 smile.
    drawn = counted(images[dial.dependent(images, 0, "train", 4000)])
    assert drawn == {(0, 0): 57, (1, 0): 1819, (0, 1): 2082, (1, 1): 42}
    oracle = counted(images[dial.dependent(images, 0, "train", 4000, oracle=True)])
    assert oracle == {(0, 0): 1207, (1, 0): 793, (0, 1): 1207, (1, 1): 793}
    test = counted(images[dial.independent(images, 0, "test")])
    assert test == {(0, 0): 1779, (0, 1): 1779, (1, 0): 1169, (1, 1): 1169}
    # As many as leave both labels alike: 2 * 1876.
    assert len(dial.dependent(images, 0, "train")) == 3752


def spaces() -> st.SearchStrategy[tuple[list[int], int]]:
    sizes = st.lists(st.integers(2, 4), min_size=2, max_size=3)
    return sizes.flatmap(lambda found: st.tuples(st.just(found), st.integers(0, len(found) - 1)))


@settings(deadline=None, max_examples=60)
@given(spaces(), st.floats(0, 1), st.integers(0, 99), st.data())
def test_what_is_drawn_has_the_dependence_of_the_formula(
    shape: tuple[list[int], int], r: float, seed: int, data: st.DataObject
) -> None:
    sizes, label = shape
    names = [f"a{k}" for k in range(len(sizes))]
    values = {n: [str(v) for v in range(s)] for n, s in zip(names, sizes, strict=True)}
    space = attribute_space(values, label=names[label])
    combinations = list(itertools.product(*map(range, sizes)))
    numbers = data.draw(st.lists(st.integers(5, 200), min_size=len(combinations)))
    counts = dict(zip(combinations, numbers, strict=False))
    images = table(counts)
    dial = Dial(space, r, {})
    most = len(dial.dependent(images, seed, "train"))
    size = data.draw(st.integers(1, most))
    rows = dial.dependent(images, seed, "train", size)
    assert len(rows) == size == len(rows.unique())
    oracle = dial.dependent(images, seed, "train", size, oracle=True)
    assert len(oracle) == size

    def others(row: tuple[int, ...]) -> tuple[int, ...]:
        return row[:label] + row[label + 1 :]

    # By enumeration: each other attribute is set to the aligned value, or left as it is.
    common = {
        others(row): min(counts[(*row[:label], y, *row[label + 1 :])] for y in range(sizes[label]))
        for row in combinations
    }
    whole = sum(common.values())
    cards = sizes[:label] + sizes[label + 1 :]
    drawn, free = counted(images[rows]), counted(images[oracle])
    for y in range(sizes[label]):
        share: dict[tuple[int, ...], float] = {}
        for start, count in common.items():
            for moved in itertools.product((False, True), repeat=len(start)):
                chance = count / whole
                end = list(start)
                for k, is_moved in enumerate(moved):
                    chance *= r if is_moved else 1 - r
                    end[k] = y % cards[k] if is_moved else start[k]
                share[tuple(end)] = share.get(tuple(end), 0.0) + chance
        of_label = sum(n for row, n in drawn.items() if row[label] == y)
        of_free = sum(n for row, n in free.items() if row[label] == y)
        assert abs(of_label - size / sizes[label]) <= 1
        assert abs(of_free - size / sizes[label]) <= 1
        for context, chance in share.items():
            row = (*context[:label], y, *context[label:])
            assert abs(drawn.get(row, 0) - of_label * chance) < 1 + 1e-6
            assert abs(free.get(row, 0) - of_free * common[context] / whole) < 1 + 1e-6
            assert drawn.get(row, 0) <= counts[row]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.integers(0, 9))
def test_labels_are_independent_of_all_else_in_what_is_drawn_for_testing(
    numbers: list[int], seed: int
) -> None:
    counts = dict(zip(CELEBA, numbers, strict=True))
    images = table(counts)
    if not any(min(counts[m, 0], counts[m, 1]) for m in (0, 1)):
        with pytest.raises(ValueError, match="no combination of male has an image of every value"):
            Dial(SPACE, 0.0, {}).independent(images, seed, "test")
        return
    drawn = counted(images[Dial(SPACE, 0.0, {}).independent(images, seed, "test")])
    for male in (0, 1):
        pair = {drawn.get((male, y), 0) for y in (0, 1)}
        assert pair == {min(counts[male, 0], counts[male, 1])}


def test_a_choice_follows_its_seed_and_its_name() -> None:
    images, dial = table(CELEBA), Dial(SPACE, 0.9, {})
    rows = dial.dependent(images, 3, "train", 1000)
    assert torch.equal(dial.dependent(images, 3, "train", 1000), rows)
    for seed, name in ((4, "train"), (3, "val")):
        both = torch.isin(dial.dependent(images, seed, name, 1000), rows)
        assert both.double().mean() < 0.8


def test_more_images_contain_fewer() -> None:
    images, dial = table(CELEBA), Dial(SPACE, 0.9, {})
    few, many = (dial.dependent(images, 0, "train", size) for size in (500, 1000))
    assert torch.isin(few, many).all()


def test_too_few_images_are_told_with_the_rarest_combination() -> None:
    images = table(CELEBA)
    with pytest.raises(ValueError, match=r"5000 .* at most 3019 .*male=yes, smiling=yes.* 1169"):
        Dial(SPACE, 0.95, {}).dependent(images, 0, "train", 5000)
    lacking = table({(0, 0): 50, (0, 1): 50, (1, 0): 50})
    with pytest.raises(ValueError, match=r"at most 50 .*male=yes, smiling=yes.* there are 0"):
        Dial(SPACE, 1.0, {}).dependent(lacking, 0, "train")


def test_a_dial_needs_an_attribute_and_a_strength_in_range() -> None:
    with pytest.raises(ValueError, match="strength of 'male' is 1.5"):
        Dial(SPACE, 1.5, {})
    alone = attribute_space({"smiling": ["no", "yes"]}, label="smiling")
    with pytest.raises(ValueError, match="needs an attribute beside the label, 'smiling'"):
        Dial(alone, 0.5, {})


def test_a_share_of_conflicting_images_takes_the_place_of_a_strength() -> None:
    images = table(CELEBA)
    dial = Dial(SPACE, 0.0, {"male": ["yes", "no"]}, conflicting_share=0.1)
    drawn = images[dial.dependent(images, 0, "train", 2000)]
    conflicting = (drawn[:, 0] == drawn[:, 1]).sum()
    assert abs(int(conflicting) - 200) <= 1
    # Both values of a label of three may go with one value of the attribute.
    space = attribute_space({"male": ["no", "yes"], "mood": ["a", "b", "c"]}, label="mood")
    images = table({(m, y): 300 + 100 * m + 50 * y for m in (0, 1) for y in (0, 1, 2)})
    drawn = images[Dial(space, 0.0, {}, conflicting_share=0.2).dependent(images, 0, "train", 600)]
    assert abs(int((drawn[:, 0] != drawn[:, 1] % 2).sum()) - 120) <= 2
    with pytest.raises(ValueError, match=r"conflicting_share is 0.7, expected .* to 0.524"):
        Dial(space, 0.0, {}, conflicting_share=0.7).dependent(images, 0, "train")
