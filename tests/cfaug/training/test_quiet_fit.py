from typing import Any, cast

import pytest
import torch

from cfaug.training import quiet_fit
from cfaug.training.quiet_fit import fit_quietly
from datamodules.process import devices


@pytest.mark.parametrize(
    ("device", "accelerator", "which"),
    [
        (None, "auto", 1),
        (torch.device("cpu"), "cpu", 1),
        (torch.device("cuda", 1), "cuda", [1]),
        (torch.device("mps"), "mps", [0]),
    ],
)
def test_a_small_network_is_trained_where_it_is_wanted(
    device: torch.device | None,
    accelerator: str,
    which: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, Any] = {}

    class Trainer:
        def __init__(self, **options: object) -> None:
            told.update(options)

        def fit(self, *_: object, **__: object) -> None:
            told["alone"] = devices.this_device()

    class Module:
        def eval(self) -> None:
            told["eval"] = True

        def to(self, device: torch.device) -> None:
            told["stays"] = device

    class Data:
        num_workers = 1

    monkeypatch.setattr(quiet_fit, "Trainer", Trainer)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    fit_quietly(cast("Any", Module()), cast("Any", Data()), 3, "32-true", "a network", device)
    assert (told["accelerator"], told["devices"]) == (accelerator, which)
    assert told["alone"] == (0, 1)
    assert told["eval"]
    assert told.get("stays") == device
