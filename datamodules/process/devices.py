"""What devices that train together share: the images of a batch, and its random numbers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed

_alone: list[None] = []
"""As many entries as `alone` was entered."""


@contextmanager
def alone() -> Iterator[None]:
    """Let this device train a network by itself, while the others train one of their own."""
    _alone.append(None)
    try:
        yield
    finally:
        _alone.pop()


def this_device() -> tuple[int, int]:
    """The number of the device of this process, and how many devices train together."""
    if not _alone and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def share_of_batch(batch_size: int, devices: int) -> int:
    """Images of a batch that each device gets.

    Args:
        batch_size: Images of a batch, those of all devices together.
        devices: Number of devices.

    Raises:
        ValueError: If the devices would not get the same number. The mean of their gradients would
            then not be the gradient of the batch.
    """
    share, left = divmod(batch_size, devices)
    if left or not share:
        near = [size for size in (share * devices, (share + 1) * devices) if size]
        msg = (
            f"batch_size is {batch_size}, the images of a batch over all devices, and {devices} "
            f"devices cannot share them evenly; set --data.init_args.batch_size to "
            f"{' or '.join(map(str, near))}, or --trainer.devices to another number"
        )
        raise ValueError(msg)
    return share


def random_like(draw: Callable[..., Tensor], rows: Tensor) -> Tensor:
    """Random numbers for the images of this device: those that one device would draw for them.

    In training the random generators of all devices have the same state. So each device draws the
    numbers of the whole batch, and takes those of the images that `DrawSampler` gives it.

    Args:
        draw: Draws a tensor of a shape on a device, as ``torch.randn`` does.
        rows: (B, ...), a row for each image of this device.

    Returns:
        As many numbers as `rows` has, in its shape and on its device.
    """
    rank, devices = this_device()
    return draw((devices * len(rows), *rows.shape[1:]), device=rows.device)[rank::devices]


@contextmanager
def draws_of_its_own(rows: Tensor) -> Iterator[None]:
    """Let torch draw other numbers on each device, where `random_like` cannot.

    Afterwards the random generators of all devices have the same state again. One device draws as
    it would without.

    Args:
        rows: Images on this device.
    """
    rank, devices = this_device()
    if devices == 1:
        yield
        return
    seed = int(torch.randint(2**62, ()))
    with torch.random.fork_rng([rows.device] if rows.is_cuda else []):
        torch.manual_seed(seed + rank)
        yield


def sum_over_devices(x: Tensor) -> Tensor:
    """The sum of a tensor over the devices; gradients do not flow through it."""
    if this_device()[1] == 1:
        return x.detach()
    total = x.detach().clone()
    distributed.all_reduce(total)
    return total


def of_first_device(x: Tensor) -> Tensor:
    """What a tensor is on the first device; those of the others have the same shape."""
    if this_device()[1] == 1:
        return x
    shared = x.clone()
    distributed.broadcast(shared, 0)
    return shared


def gather_over_devices(rows: Tensor) -> Tensor:
    """The rows (B, ...) of all devices, one device after the other; each has as many."""
    devices = this_device()[1]
    if devices == 1:
        return rows
    parts = [torch.empty_like(rows) for _ in range(devices)]
    distributed.all_gather(parts, rows.contiguous())
    return torch.cat(parts)
