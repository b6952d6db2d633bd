"""Accuracy over groups of images."""

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

FEWEST = 10
"""A group with fewer images is never the worst group, as one image would weigh too much."""


class GroupFigures(NamedTuple):
    """Accuracies in per cent; ``worst_size`` is the number of images of the worst group.

    ``balanced_accuracy`` is the mean over the groups that have images. The tensors are (groups,):
    ``correct`` counts correct predictions, ``total`` all predictions, and ``images`` distinct
    images, see `group_figures`.
    """

    accuracy: float
    balanced_accuracy: float
    worst_group_accuracy: float
    worst_group: int
    worst_size: int
    correct: Tensor
    total: Tensor
    images: Tensor


def group_figures(
    correct: Tensor, total: Tensor, images: Tensor, minimum: int = FEWEST
) -> GroupFigures:
    """Accuracy overall, over groups, and in the worst group.

    A group is a combination of values. A group with fewer than ``minimum`` images cannot be the
    worst group, because a single image would weigh too much. If all groups are that small, there is
    no worst group: NaN, -1, 0.

    Args:
        correct: (groups,) correct predictions.
        total: (groups,) predictions.
        images: (groups,) distinct images, of which a test set may repeat some.
        minimum: Fewest images that the worst group may have.
    """
    accuracy = 100 * float(correct.sum() / total.sum().clamp(min=1))
    share = correct / total.clamp(min=1)
    balanced = 100 * float(share.sum() / (total > 0).sum().clamp(min=1))
    eligible = images >= minimum
    counts = correct, total, images
    if not eligible.any():
        return GroupFigures(accuracy, balanced, float("nan"), -1, 0, *counts)
    worst = int(torch.where(eligible, share, torch.inf).argmin())
    found = accuracy, balanced, 100 * float(share[worst]), worst, int(images[worst])
    return GroupFigures(*found, *counts)


class GroupAccuracy(Metric):
    """Accuracy over groups of images of which none is read twice, see `group_figures`.

    Args:
        num_groups: Number of groups.
    """

    correct: Tensor
    total: Tensor

    def __init__(self, num_groups: int) -> None:
        super().__init__()
        self.add_state("correct", torch.zeros(num_groups), dist_reduce_fx="sum")
        self.add_state("total", torch.zeros(num_groups), dist_reduce_fx="sum")

    def update(self, predictions: Tensor, labels: Tensor, groups: Tensor) -> None:
        """Add (B,) predicted and true labels and (B,) group numbers, all int64."""
        hits = (predictions == labels).float()
        self.correct.index_add_(0, groups, hits)
        self.total.index_add_(0, groups, torch.ones_like(hits))

    def compute(self) -> GroupFigures:
        """The figures over all images seen on all devices."""
        return group_figures(self.correct, self.total, self.total)
