import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.attributes import attribute_space
from datamodules.process.interventions import (
    fresh_values,
    non_label_columns,
    other_value,
    single_edits,
)

SPACE = attribute_space({"digit": list("0123"), "color": list("abc"), "size": list("sl")}, "digit")
ROWS = torch.cartesian_prod(torch.arange(4), torch.arange(3), torch.arange(2)).repeat(500, 1)


def test_fresh_values_are_uniform_and_independent_and_keep_the_rest() -> None:
    torch.manual_seed(0)
    targets = fresh_values(ROWS, SPACE, non_label_columns(SPACE))
    assert torch.equal(targets[:, 0], ROWS[:, 0])
    counts = torch.bincount(SPACE.groups(targets), minlength=24).double()
    assert ((counts - 500) ** 2 / 500).sum() < 60  # 23 degrees of freedom, p < 0.0001
    same = (targets[:, 1] == ROWS[:, 1]).double().mean()
    assert 0.3 < float(same) < 0.37  # the old value is one of three


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2), st.integers(0, 100))
def test_other_value_always_differs_and_reaches_all(column: int, seed: int) -> None:
    shift = torch.rand(len(ROWS), generator=torch.Generator().manual_seed(seed))
    targets = other_value(ROWS, SPACE, column, shift)
    assert (targets[:, column] != ROWS[:, column]).all()
    assert len(targets[:, column].unique()) == SPACE.cardinalities[column]
    rest = [k for k in range(3) if k != column]
    assert torch.equal(targets[:, rest], ROWS[:, rest])


def test_single_edits_give_every_value() -> None:
    edits = single_edits(ROWS[:5], 1, 3)
    assert edits.shape == (3, 5, 3)
    assert edits[:, :, 1].tolist() == [[0] * 5, [1] * 5, [2] * 5]
    assert torch.equal(edits[2][:, [0, 2]], ROWS[:5][:, [0, 2]])
