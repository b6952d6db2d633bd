from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.attributes import attribute_space
from datamodules.digits import ConfoundedDigits
from datamodules.process.confounded_process import draw_attributes
from datamodules.process.measures import contingency, mutual_information
from datamodules.process.sampling import DrawSampler, effective_sample_size, sampling_weights
from datamodules.rendering.renderers import Color

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


def test_class_balanced_draws_give_labels_the_same_share_and_keep_what_goes_with_them() -> None:
    often = TABLE[TABLE[:, 0] == 3].repeat(4, 1)  # five times as often as the other labels
    table = torch.cat([TABLE, often])
    weights = sampling_weights(table, SPACE, "class_balanced", cap=1.0)
    assert weights is not None
    share = torch.bincount(table[:, 0], weights) / weights.sum()
    assert torch.allclose(share, torch.full((10,), 0.1, dtype=torch.double))
    assert all(len(weights[table[:, 0] == label].unique()) == 1 for label in range(10))


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
    sampler = DrawSampler(range(size), epoch_size, seed)
    rows, draws = [], []
    for epoch in range(4):
        sampler.set_epoch(epoch)
        for row, draw in sampler:
            rows.append(row)
            draws.append(draw)
    assert draws == list(range(4 * epoch_size))
    for start in range(0, len(rows) - size + 1, size):
        assert sorted(rows[start : start + size]) == list(range(size))


def on_devices(replicas: int) -> list[ConfoundedDigits]:
    """The data of each device."""
    devices = []
    for rank in range(replicas):
        data = ConfoundedDigits([Color()], source="digits", size=16)
        data.setup()
        data.trainer = cast("Any", SimpleNamespace(global_rank=rank, world_size=replicas))
        devices.append(data)
    return devices


@pytest.mark.parametrize("replicas", [1, 4])
def test_an_epoch_is_whole_batches_and_what_is_left_over_comes_in_the_next(replicas: int) -> None:
    rows = []
    for data in on_devices(replicas):
        loader = data.train_dataloader()
        sampler = cast("DrawSampler", loader.sampler)
        assert len(loader) == 10  # updates of an epoch, however many devices
        assert len(sampler) == 1280 / replicas
        for epoch in range(65):  # of 1,280 draws: 64 times all images
            sampler.set_epoch(epoch)
            rows += [row for row, _ in sampler]
    assert torch.bincount(torch.tensor(rows), minlength=1300).tolist() == [64] * 1300


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_devices_share_the_images_of_an_evaluation_and_none_comes_twice(replicas: int) -> None:
    loaders = [[d.val_dataloader(), *d.test_dataloader()] for d in on_devices(replicas)]
    for images, shares in zip((97, 400, 400), zip(*loaders, strict=True), strict=True):
        rows = [row for share in shares for batch in share for row in batch["index"].tolist()]
        assert sorted(rows) == list(range(images))


@pytest.mark.parametrize("weights", [None, torch.rand(50)])
def test_an_epoch_is_the_same_whatever_came_before(weights: torch.Tensor | None) -> None:
    a, b = (DrawSampler(range(50), 64, 1, weights) for _ in range(2))
    list(a)
    a.set_epoch(3)
    b.set_epoch(3)
    assert list(a) == list(b)
    b.set_epoch(4)
    assert [row for row, _ in a] != [row for row, _ in b]


@pytest.mark.parametrize("weights", [None, torch.rand(50)])
def test_devices_share_the_draws_of_an_epoch(weights: torch.Tensor | None) -> None:
    one = list(DrawSampler(range(50), 64, 1, weights))
    shares = [list(DrawSampler(range(50), 64, 1, weights, rank, 4)) for rank in range(4)]
    # Four devices with a quarter of a batch each see the batches of one device.
    for start in range(0, 64, 16):
        parts = [draw for share in shares for draw in share[start // 4 : start // 4 + 4]]
        assert sorted(parts, key=lambda draw: draw[1]) == one[start : start + 16]


def test_a_share_that_does_not_come_out_even_is_cut_alike_on_all_devices() -> None:
    shares = [list(DrawSampler(range(50), 11, 1, None, rank, 2)) for rank in range(2)]
    assert [len(share) for share in shares] == [5, 5]


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_resumed_epoch_goes_on_and_the_next_is_whole(replicas: int) -> None:
    straight = DrawSampler(range(50), 64, 1, None, 0, replicas)
    resumed = DrawSampler(range(50), 64, 1, None, 0, replicas, resume_at=(3, 8))
    straight.set_epoch(3)
    assert list(resumed) == list(straight)[8:]
    assert len(resumed) == len(straight)
    straight.set_epoch(4)
    resumed.set_epoch(4)
    assert list(resumed) == list(straight)


def test_early_weights_hold_for_the_first_draws_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datamodules.process.sampling.EARLY_DRAWS", 100)
    late, early = torch.eye(50)[3], torch.eye(50)[7]
    sampler = DrawSampler(range(50), 64, 1, late, early_weights=early)
    rows = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        rows += [row for row, _ in sampler]
    assert rows == [7] * 100 + [3] * 92
    resumed = DrawSampler(range(50), 64, 1, late, resume_at=(1, 30), early_weights=early)
    assert [row for row, _ in resumed] == rows[94:128]


def test_rare_combinations_are_drawn_more_often_early_in_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datamodules.process.sampling.EARLY_DRAWS", 13_000)
    data = ConfoundedDigits(
        [Color()], source="digits", size=16, strength=0.99, sampling="deconfounded", weight_cap=2.0
    )
    data.epoch_size = 13_000
    data.setup()
    table = data.splits["train"].attributes
    shares = []
    sampler = data.train_dataloader().sampler
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        rows = table[[row for row, _ in sampler]]
        shares.append(float((rows[:, 0] != rows[:, 1]).double().mean()))
    weights = [
        sampling_weights(table, data.attribute_space, "deconfounded", c) for c in (20.0, 2.0)
    ]
    conflicting = table[:, 0] != table[:, 1]
    expected = [float(w[conflicting].sum() / w.sum()) for w in weights]
    assert shares == pytest.approx(expected, abs=0.02)
    assert shares[0] > 2 * shares[1]
