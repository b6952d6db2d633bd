"""Devices that train together, each a thread of this process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, get_ident

import pytest
import torch
from torch import Tensor, distributed


@contextmanager
def devices_in_threads(count: int, *modules: str) -> Iterator[ThreadPoolExecutor]:
    """A thread for each device; they sum and gather as processes do.

    Args:
        count: Number of devices.
        modules: Those that ask for ``this_device``.
    """
    given: dict[int, Tensor] = {}
    here = Barrier(count, timeout=60)

    def share(tensor: Tensor) -> list[Tensor]:
        """The tensors of all devices, in the same order at each call."""
        given[get_ident()] = tensor.clone()
        here.wait()
        found = [given[thread] for thread in sorted(given)]
        if here.wait() == 0:
            given.clear()
        here.wait()
        return found

    def all_reduce(tensor: Tensor) -> None:
        tensor.copy_(torch.stack(share(tensor)).sum(0))

    def all_gather(parts: list[Tensor], tensor: Tensor) -> None:
        for part, found in zip(parts, share(tensor), strict=True):
            part.copy_(found)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(count) as threads:
        patch.setattr(distributed, "all_reduce", all_reduce)
        patch.setattr(distributed, "all_gather", all_gather)
        for module in modules:
            patch.setattr(f"{module}.this_device", lambda: (0, count))
        yield threads
