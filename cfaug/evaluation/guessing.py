"""What guessing reaches where probes try to read old values."""

import torch
from torch import Tensor

from cfaug.classifiers.intervals import wilson
from cfaug.tracking import keys
from datamodules.base import AttributeDataModule


def guessing(seen: Tensor, data: AttributeDataModule, *, independent: bool) -> dict[str, float]:
    """How many old values a guess gets right, in per cent, with the interval of the test images.

    The guess is the most frequent value. Where test images are resampled, their attributes can
    depend on each other still, and what an edit leaves alone then tells of an old value. So the
    guess may also be the value that goes most often with that of another attribute, in the training
    images as the probes see them. The best guess counts.

    A probe that reads nothing of an old value is above the interval in at most one of forty cases.

    Args:
        seen: (N, K) int64 codes of the test images.
        data: The data that the probes are trained on.
        independent: The attributes of the test images are independent, as those of a redraw.
    """
    space, figures = data.attribute_space, {}
    for column, name in enumerate(space.names):
        right = [int(torch.bincount(seen[:, column]).max())]
        if not independent:
            others = (other for other in range(len(space.names)) if other != column)
            right += [_right_by(other, column, seen, data) for other in others]
        share, key = max(right) / len(seen), keys.LEAKAGE_CHANCE.format(attribute=name)
        figures[key] = 100 * share
        figures |= dict(zip(keys.ends(key), wilson(share, len(seen)), strict=True))
    return figures


def _right_by(other: int, column: int, seen: Tensor, data: AttributeDataModule) -> int:
    """Test images whose value is the one that goes most often with that of another attribute."""
    sizes = data.attribute_space.cardinalities
    table = data.splits["train"].attributes
    weights = data.train_weights
    cells = table[:, other] * sizes[column] + table[:, column]
    counts = torch.bincount(cells, weights, sizes[other] * sizes[column])
    most = counts.reshape(sizes[other], sizes[column]).argmax(1)
    return int((most[seen[:, other]] == seen[:, column]).sum())
