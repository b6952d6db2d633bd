"""What a test set tells of a classifier, from counts for each of its images."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from cfaug.classifiers.group_accuracy import FEWEST, GroupFigures, group_figures
from cfaug.classifiers.intervals import Interval, interval
from cfaug.tracking import keys
from datamodules.attributes import AttributeSpace
from datamodules.process.splits import Split


class Counts(NamedTuple):
    """Of the M distinct images of a test set that were read, in their order, on the CPU.

    ``true`` counts the readings of which something is true, such as a right prediction, ``read``
    all readings; ``groups`` and ``clusters`` are numbers, see `intervals.interval`. All are (M,).
    """

    true: Tensor
    read: Tensor
    groups: Tensor
    clusters: Tensor

    @property
    def percent(self) -> float:
        """Of how many of the readings it is true, in per cent."""
        return 100 * float(self.true.sum() / self.read.sum().clamp(min=1))

    def interval(self, seed: int) -> Interval:
        """That of `percent`."""
        return interval(self.true, self.read, torch.zeros_like(self.groups), self.clusters, seed)

    def balanced_interval(self, seed: int) -> Interval:
        """That of the mean over the groups that have images."""
        return interval(*self, seed)

    def of_group(self, group: int) -> "Counts":
        """Those of the images of a group."""
        return Counts(*(counts[self.groups == group] for counts in self))


class ImageCounts(Metric):
    """Counts readings of each image of a test set, and those of which something is true.

    A test set may repeat an image; its readings are added up. The states have a place for each
    image, so that processes which read different images add theirs.

    Args:
        split: The test set.
        space: Its attributes.
    """

    true: Tensor
    read: Tensor

    def __init__(self, split: Split, space: AttributeSpace) -> None:
        super().__init__()
        rows = split.distinct()
        rows = rows[split.index(rows).argsort()]
        self.index = split.index(rows)
        self.groups = space.groups(split.attributes[rows])
        self.clusters = split.clusters()[rows]
        self.add_state("true", torch.zeros(len(rows)), dist_reduce_fx="sum")
        self.add_state("read", torch.zeros(len(rows)), dist_reduce_fx="sum")

    def update(self, index: Tensor, true: Tensor) -> None:
        """Add a reading of each image of a batch, by its ``index`` (B,), and if it is ``true``."""
        self.index = self.index.to(index.device)
        place = torch.searchsorted(self.index, index)
        self.true.index_add_(0, place, true.float())
        self.read.index_add_(0, place, torch.ones_like(true, dtype=torch.float))

    def compute(self) -> Tensor:
        """(2, images): the two counts, over all devices."""
        return torch.stack([self.true, self.read])

    def counts(self) -> Counts:
        """The counts of the images that were read, over all devices."""
        true, read = self.compute().cpu()
        return Counts(*(part[read > 0] for part in (true, read, self.groups, self.clusters)))


class Tested(NamedTuple):
    """What a test set tells of a classifier; accuracies and intervals in per cent.

    The interval of a group, and so that of the worst one, is that of a group that was chosen before
    the test. It does not account for the worst being the lowest of several: part of what makes it
    so is chance, and on other images of that group the accuracy is probably higher.

    ``accuracy`` and ``balanced_accuracy`` are the intervals of the figures of that name,
    ``groups`` those of the groups that have images, by number, and ``images`` the number of
    distinct images.
    """

    figures: GroupFigures
    images: int
    accuracy: Interval
    balanced_accuracy: Interval
    groups: Mapping[int, Interval]


def result_of(hits: Counts, num_groups: int, seed: int, minimum: int = FEWEST) -> Tested:
    """Figures and intervals of a test set.

    Args:
        hits: Counts of right predictions.
        num_groups: Number of groups, with images or without.
        seed: Seed of the bootstrap; with the same one the same hits have the same intervals.
        minimum: See `group_figures`.
    """
    correct, total = (
        torch.bincount(hits.groups, counts.double(), num_groups)
        for counts in (hits.true, hits.read)
    )
    images = torch.bincount(hits.groups, minlength=num_groups)
    groups = images.nonzero()[:, 0].tolist()
    return Tested(
        group_figures(correct, total, images, minimum),
        len(hits.read),
        hits.interval(seed),
        hits.balanced_interval(seed),
        {group: hits.of_group(group).interval(seed) for group in groups},
    )


def figures_of(found: Tested, split: str) -> dict[str, float]:
    """The figures of a test set with the ends of their intervals, under the names of the logger.

    Args:
        found: What it tells.
        split: What figures call it.
    """
    figures = found.figures
    intervals = {
        keys.ACCURACY: (figures.accuracy, found.accuracy),
        keys.BALANCED_ACCURACY: (figures.balanced_accuracy, found.balanced_accuracy),
        keys.WORST_GROUP_ACCURACY: (
            figures.worst_group_accuracy,
            found.groups.get(figures.worst_group),
        ),
    }
    named = {
        keys.TEST_IMAGES.format(split=split): float(found.images),
        keys.WORST_GROUP_SIZE.format(split=split): float(figures.worst_size),
    }
    for key, (value, ends) in intervals.items():
        named |= with_ends(key.format(split=split), value, ends)
    return named


def with_ends(name: str, value: float, ends: Interval | None) -> dict[str, float]:
    """A figure and, unless there is none, the ends of its interval, by name."""
    return {name: value, **({} if ends is None else dict(zip(keys.ends(name), ends, strict=True)))}
