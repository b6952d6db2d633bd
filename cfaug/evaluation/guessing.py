"""What guessing reaches where probes try to read old values."""

import torch
from torch import Tensor

from cfaug.classifiers.intervals import wilson
from cfaug.tracking import keys
from datamodules.base import AttributeDataModule
from datamodules.process.measures import contingency
from datamodules.process.splits import UNCONFOUNDED


def guessing(seen: Tensor, data: AttributeDataModule) -> dict[str, float]:
    """How many old values a guess gets right, in per cent, with the interval of the test images.

    The guess is the most frequent value. Where test images are resampled, their attributes can
    depend on each other still, and what an edit leaves alone then tells of an old value. So the
    guess may also be the value that goes most often with that of another attribute, in the training
    images as the probes see them. The best guess counts.

    A probe that reads nothing of an old value is above the interval in at most one of forty cases.

    Args:
        seen: (N, K) int64 codes of the test images.
        data: The data that the probes are trained on.
    """
    space, figures = data.attribute_space, {}
    sizes, table, weights = space.cardinalities, data.splits["train"].attributes, data.train_weights
    dependent = data.test_sets[0] != UNCONFOUNDED
    for column, name in enumerate(space.names):
        right = [int(torch.bincount(seen[:, column]).max())]
        for other in (k for k in range(len(sizes)) if dependent and k != column):
            pair = sizes[other], sizes[column]
            drawn = contingency(table[:, other], table[:, column], pair, weights)
            guess = drawn.argmax(1)[seen[:, other]]
            right.append(int((guess == seen[:, column]).sum()))
        share, key = max(right) / len(seen), keys.LEAKAGE_CHANCE.format(attribute=name)
        figures[key] = 100 * share
        figures |= dict(zip(keys.ends(key), wilson(share, len(seen)), strict=True))
    return figures
