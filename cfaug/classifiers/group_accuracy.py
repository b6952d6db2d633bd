"""Accuracy over groups of images."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from scipy.stats import binomtest
from torch import Tensor
from torchmetrics import Metric

FEWEST = 10
"""A group with fewer images is never the worst group, as one image would weigh too much."""


LEVEL = 0.95
"""Level of the intervals."""


def wilson(correct: int, images: int) -> tuple[float, float]:
    """The ends, in per cent, of the interval of `LEVEL` around an accuracy (Wilson, JASA 1927)."""
    interval = binomtest(correct, images).proportion_ci(LEVEL, method="wilson")
    return 100 * float(interval.low), 100 * float(interval.high)


def wilson_over_groups(groups: Sequence[Sequence[int]]) -> tuple[float, float]:
    """The ends, in per cent, of the interval of an accuracy over all groups.

    Where images are read several times, for as many as the groups' shares make of them (Kish, 1965,
    section 11.7): a few images that half of the accuracy hangs on make it as unsure as they are.

    Args:
        groups: Images, how many were read, and how many of these were read right.
    """
    read = sum(group[1] for group in groups)
    images = read**2 / sum(group[1] ** 2 / group[0] for group in groups)
    share = sum(group[2] for group in groups) / read
    return wilson(round(images * share), round(images))


class GroupFigures(NamedTuple):
    """Accuracies in per cent; ``worst_size`` is the number of images of the worst group.

    ``balanced_accuracy`` is the mean over the groups that have images. The tensors are (groups,):
    ``correct`` counts correct predictions, ``total`` all predictions, and ``images`` distinct
    images, see `GroupAccuracy`.
    """

    accuracy: float
    balanced_accuracy: float
    worst_group_accuracy: float
    worst_group: int
    worst_size: int
    correct: Tensor
    total: Tensor
    images: Tensor

    def interval(self, group: int) -> tuple[float, float]:
        """See `wilson`; an image with several predictions counts once."""
        images, share = int(self.images[group]), self.correct[group] / self.total[group]
        return wilson(round(images * float(share)), images)

    def overall_interval(self) -> tuple[float, float]:
        """That of the accuracy, see `wilson_over_groups`."""
        counts = torch.stack([self.images, self.total, self.correct], dim=1).long()
        return wilson_over_groups(counts[self.total > 0].tolist())


class GroupAccuracy(Metric):
    """Accuracy overall and in the worst group.

    A group is a combination of values. A group with fewer than ``minimum`` images cannot be the
    worst group, because a single image would weigh too much. If all groups are that small, there is
    no worst group: NaN, -1, 0.

    Args:
        num_groups: Number of groups.
        minimum: Fewest images that the worst group may have.

    Attributes:
        sizes: (groups,), distinct images of each group, for a test set that repeats images of rare
            groups; None if no image is repeated.
    """

    correct: Tensor
    total: Tensor

    def __init__(self, num_groups: int, minimum: int = FEWEST) -> None:
        super().__init__()
        self.minimum = minimum
        self.sizes: Tensor | None = None
        self.add_state("correct", torch.zeros(num_groups), dist_reduce_fx="sum")
        self.add_state("total", torch.zeros(num_groups), dist_reduce_fx="sum")

    def update(self, predictions: Tensor, labels: Tensor, groups: Tensor) -> None:
        """Add (B,) predicted and true labels and (B,) group numbers, all int64."""
        hits = (predictions == labels).float()
        self.correct.index_add_(0, groups, hits)
        self.total.index_add_(0, groups, torch.ones_like(hits))

    def compute(self) -> GroupFigures:
        """The figures over all images seen on all devices."""
        accuracy = 100 * float(self.correct.sum() / self.total.sum().clamp(min=1))
        share = self.correct / self.total.clamp(min=1)
        balanced = 100 * float(share.sum() / (self.total > 0).sum().clamp(min=1))
        images = self.total if self.sizes is None else self.total.minimum(self.sizes)
        eligible = images >= self.minimum
        counts = self.correct, self.total, images
        if not eligible.any():
            return GroupFigures(accuracy, balanced, float("nan"), -1, 0, *counts)
        worst = int(torch.where(eligible, share, torch.inf).argmin())
        found = accuracy, balanced, 100 * float(share[worst]), worst, int(images[worst])
        return GroupFigures(*found, *counts)
