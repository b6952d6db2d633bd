"""Which images a network was trained on: figures on them would be too good."""

from hashlib import sha256

import torch
from torch import Tensor

from datamodules.base import AttributeDataModule
from datamodules.notices import tell
from datamodules.process.splits import Split

TRAINED_ON = "trained_on"
"""Entry of a checkpoint with the digests of the training images."""


def digests(split: Split) -> Tensor | None:
    """Digests (N,) int64 of the names of a split's files, sorted; None if it has no files.

    Rendered images have none: whatever the seed, they are drawn from the same training images.
    """
    names = split.file_names(split.distinct())
    if names is None:
        return None
    heads = (sha256(name.encode(errors="surrogateescape")).digest()[:8] for name in names)
    return torch.tensor([int.from_bytes(head, "big", signed=True) for head in heads]).sort()[0]


def training_digests(data: object) -> Tensor | None:
    """Digests of the training images of a run; None if they have no files, or there are no data.

    Args:
        data: The data module, if the run has one.
    """
    return digests(data.splits["train"]) if isinstance(data, AttributeDataModule) else None


def tell_if_trained_on(trained_on: Tensor | None, data: AttributeDataModule, what: str) -> None:
    """Say how many of the test images a network was trained on, if it was on some.

    Args:
        trained_on: The digests in its checkpoint.
        data: The data to be tested on, set up.
        what: What the message calls the network.
    """
    if trained_on is None or (test := digests(data.splits["test"])) is None:
        return
    if seen := int(torch.isin(test, trained_on).sum()):
        tell(
            f"{what} was trained on {seen:,} of the {len(test):,} test images, so figures of them "
            "are too good; split the data as they were for it, with the same seed and shares"
        )
