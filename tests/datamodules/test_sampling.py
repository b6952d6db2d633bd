import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfaug.confounding import contingency, mutual_information
from datamodules.attributes import attribute_space
from datamodules.process import draw_attributes
from datamodules.sampling import DrawSampler, effective_sample_size, sampling_weights

DIGITS = [str(d) for d in range(10)]
SPACE = attribute_space({"digit": DIGITS, "color": DIGITS[:3]}, label="digit")
TABLE = draw_attributes(torch.arange(20_000) % 10, SPACE, 0.8, 0, "train")


def test_deconfounded_draws_are_independent_with_the_same_marginals() -> None:
    weights = sampling_weights(TABLE, SPACE, "deconfounded", cap=1e9)
    assert weights is not None
    table = torch.zeros(10, 3, dtype=torch.double)
    table.index_put_((TABLE[:, 0], TABLE[:, 1]), weights, accumulate=True)
    assert mutual_information(table) < 1e-9
    natural = contingency(TABLE[:, 0], TABLE[:, 1], (10, 3))
    assert mutual_information(natural) > 0.3
    assert torch.allclose(table.sum(0), natural.sum(0))
    assert torch.allclose(table.sum(1), natural.sum(1))


def test_balanced_draws_give_groups_the_same_share() -> None:
    weights = sampling_weights(TABLE, SPACE, "balanced", cap=1.0)
    assert weights is not None
    shares = torch.zeros(30, dtype=torch.double).index_add_(0, SPACE.groups(TABLE), weights)
    assert torch.allclose(shares, shares[0].expand(30))


def test_weights_are_capped_and_reduce_the_effective_size() -> None:
    free = sampling_weights(TABLE, SPACE, "deconfounded", cap=1e9)
    capped = sampling_weights(TABLE, SPACE, "deconfounded", cap=2.0)
    assert free is not None
    assert capped is not None
    assert free.max() > 2
    assert capped.max() == 2
    assert effective_sample_size(free) < effective_sample_size(capped) < len(TABLE)
    assert sampling_weights(TABLE, SPACE, "natural", cap=2.0) is None


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 100), st.integers(0, 5))
def test_every_image_comes_once_before_any_comes_again(
    size: int, epoch_size: int, seed: int
) -> None:
    sampler = DrawSampler(size, epoch_size, seed)
    rows, draws = [], []
    for epoch in range(4):
        sampler.set_epoch(epoch)
        for row, draw in sampler:
            rows.append(row)
            draws.append(draw)
    assert draws == list(range(4 * epoch_size))
    for start in range(0, len(rows) - size + 1, size):
        assert sorted(rows[start : start + size]) == list(range(size))


@pytest.mark.parametrize("weights", [None, torch.rand(50)])
def test_an_epoch_is_the_same_whatever_came_before(weights: torch.Tensor | None) -> None:
    a, b = DrawSampler(50, 64, 1, weights), DrawSampler(50, 64, 1, weights)
    list(a)
    a.set_epoch(3)
    b.set_epoch(3)
    assert list(a) == list(b)
    b.set_epoch(4)
    assert [row for row, _ in a] != [row for row, _ in b]
