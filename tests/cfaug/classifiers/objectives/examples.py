"""Batches and data for the tests of objectives."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor, nn

from cfaug.classifiers.objectives.base import Beginning, Seen
from datamodules.attributes import attribute_space
from datamodules.process.splits import Split

SPACE = attribute_space({"digit": list("012"), "color": list("ab")}, "digit")


def seen(attributes: Tensor, seed: int = 0, **options: Tensor) -> Seen:
    """What a random classifier makes of images with these attributes (B, 2)."""
    torch.manual_seed(seed)
    count = len(attributes)
    parts: dict[str, Tensor] = {
        "images": torch.rand(count, 3, 4, 4),
        "features": torch.randn(count, 5),
        "logits": torch.randn(count, 3).requires_grad_(),
        "labels": attributes[:, 0],
        "targets": attributes[:, 0],
        "groups": SPACE.groups(attributes),
        "environments": SPACE.environments(attributes),
        "index": torch.arange(count),
    }
    return Seen(**(parts | options))


def beginning(
    attributes: Tensor,
    make_network: Callable[[], nn.Module] = nn.Identity,
    train_erm: Callable[[int], nn.Module] = lambda updates: nn.Identity(),
) -> Beginning:
    """Data whose training and validation images have these attributes (N, 2)."""
    images = torch.linspace(0, 1, len(attributes) * 48).view(-1, 3, 4, 4)

    def batches(split: str, device: object) -> Any:
        yield {"image": images, "attributes": attributes}

    splits = dict.fromkeys(("train", "val"), Split(images, attributes))
    data = SimpleNamespace(splits=splits, batches=batches, emphasis=None)
    return Beginning(cast("Any", data), SPACE, make_network, train_erm)
