"""Devices share a batch evenly, and draw for their images what one device would draw."""

from functools import partial

import pytest
import torch
from torch import Tensor, distributed

from datamodules.attributes import attribute_space
from datamodules.process import devices
from datamodules.process.devices import (
    alone,
    draws_of_its_own,
    of_first_device,
    random_like,
    share_of_batch,
    this_device,
)
from datamodules.process.interventions import fresh_values


def test_a_batch_is_shared_evenly_or_the_error_says_how_it_could_be() -> None:
    assert [share_of_batch(120, count) for count in (1, 2, 3, 120)] == [120, 60, 40, 1]
    for size, count, cure in ((128, 3, "126 or 129"), (64, 6, "60 or 66"), (2, 4, "4")):
        told = f"batch_size is {size}, .* {count} devices .*batch_size to {cure}, or --trainer.dev"
        with pytest.raises(ValueError, match=told):
            share_of_batch(size, count)


@pytest.mark.parametrize("count", [2, 3])
def test_devices_draw_together_what_one_draws(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    space = attribute_space({"a": "0123456789", "b": "01"}, label="a")
    rows, attributes = torch.zeros(24, 5), torch.zeros(24, 2, dtype=torch.int64)
    together = torch.empty_like(rows), torch.empty(24), torch.empty_like(attributes)
    for rank in range(count):
        monkeypatch.setattr(devices, "this_device", lambda rank=rank: (rank, count))
        torch.manual_seed(7)
        mine = slice(rank, None, count)
        together[0][mine] = random_like(torch.randn, rows[mine])
        together[1][mine] = random_like(torch.rand, rows[mine, 0])
        together[2][mine] = fresh_values(attributes[mine], space, range(2))
    # The numbers of earlier versions, so that runs on one device have the same figures.
    torch.manual_seed(7)
    assert torch.equal(together[0], torch.randn_like(rows))
    assert torch.equal(together[1], torch.rand(24))
    for column, cardinality in enumerate((10, 2)):
        drawn = torch.randint_like(attributes[:, column], cardinality)
        assert torch.equal(together[2][:, column], drawn)


def test_alone_random_numbers_are_those_of_torch() -> None:
    rows = torch.zeros(9, 4)
    for draw in (torch.randn, torch.rand, partial(torch.randint, 3)):
        torch.manual_seed(3)
        found = random_like(draw, rows)
        torch.manual_seed(3)
        assert torch.equal(found, draw((9, 4)))


def test_what_torch_draws_itself_differs_between_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, after, rows = [], [], torch.zeros(2)
    for rank in range(3):
        monkeypatch.setattr(devices, "this_device", lambda rank=rank: (rank, 3))
        torch.manual_seed(7)
        with draws_of_its_own(rows):
            drawn.append(torch.rand(5 + rank).tolist()[:5])
        after.append(torch.rand(4).tolist())
    assert len({tuple(each) for each in drawn}) == 3
    assert after[0] == after[1] == after[2]
    monkeypatch.undo()
    torch.manual_seed(7)
    with draws_of_its_own(rows):
        alone = torch.rand(5)
    torch.manual_seed(7)
    assert torch.equal(alone, torch.rand(5))


def test_a_device_can_be_alone_and_can_ask_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def broadcast(tensor: Tensor, source: int) -> None:
        assert source == 0
        tensor.fill_(7)

    monkeypatch.setattr(distributed, "broadcast", broadcast)
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    rows = torch.arange(3)
    assert this_device() == (1, 2)
    assert of_first_device(rows).tolist() == [7, 7, 7]
    with alone():
        assert this_device() == (0, 1)
        assert of_first_device(rows).tolist() == [0, 1, 2]
    with pytest.raises(ZeroDivisionError), alone():
        1 / 0  # noqa: B018
    assert this_device() == (1, 2)
    assert rows.tolist() == [0, 1, 2]
