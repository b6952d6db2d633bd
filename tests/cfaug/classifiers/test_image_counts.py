"""What a test set tells, from hits of its images, some of them repeated or of one person."""

import pytest
import torch
from torch import Tensor

from cfaug.classifiers.image_counts import ImageCounts, result_of
from cfaug.classifiers.intervals import wilson
from datamodules.attributes import attribute_space
from datamodules.process.splits import Split
from datamodules.storage.file_split import TableSplit

SPACE = attribute_space({"digit": list("01"), "color": list("ab")}, "digit")


class OfPersons(Split):
    """Images of persons, four of each."""

    def clusters(self) -> Tensor:
        return torch.arange(len(self)) // 4


def images(count: int) -> tuple[Tensor, Tensor]:
    """Empty images, and attributes of which all combinations come in turn."""
    codes = torch.arange(count)
    return torch.zeros(count, 1, 1, 1), torch.stack([codes // 2 % 2, codes % 2], dim=1)


def test_images_that_a_test_set_repeats_count_once() -> None:
    attributes = torch.tensor([[0, 0], [0, 0], [0, 1], [0, 1], [0, 1], [1, 1]])
    rows = torch.tensor([5, 0, 0, 0, 1, 1, 1, 2, 3, 4, 2, 3, 4])
    metric = ImageCounts(TableSplit(attributes, rows), SPACE)
    right = torch.tensor([0, 0, 1, 0, 0, 0, 1])[rows]  # images 2 and, not in the set, 6
    metric.update(rows[:5], right[:5])
    metric.update(rows[5:], right[5:])
    hits = metric.counts()
    assert hits.read.tolist() == [3, 3, 2, 2, 2, 1]
    assert hits.true.tolist() == [0, 0, 2, 0, 0, 0]
    found = result_of(hits, SPACE.num_groups, seed=0, minimum=3)
    figures = found.figures
    assert found.images == 6
    assert figures.images.tolist() == [2, 3, 0, 1]
    assert figures.total.tolist() == [6, 6, 0, 1]
    assert figures.accuracy == pytest.approx(100 * 2 / 13)
    # The group of images 0 and 1 is all wrong, but has two images only.
    assert (figures.worst_group, figures.worst_size) == (1, 3)
    assert found.groups[1] == pytest.approx(wilson(1 / 3, 3))
    # An accuracy of 1 in 3 (Wilson, JASA 1927, by hand).
    assert found.groups[1] == pytest.approx((6.15, 79.23), abs=0.01)
    assert found.groups.keys() == {0, 1, 3}
    assert found.groups[0] == pytest.approx((0, 65.76), abs=0.01)


def test_images_that_were_not_read_do_not_count() -> None:
    metric = ImageCounts(Split(*images(8)), SPACE)
    metric.update(torch.arange(4), torch.tensor([1, 1, 0, 1]))
    hits = metric.counts()
    assert hits.percent == 75
    assert hits.interval(0) == pytest.approx(wilson(0.75, 4))


def test_images_of_persons_tell_less_than_as_many_of_strangers() -> None:
    right = torch.arange(400) // 4 % 5 > 0  # each fifth person is misread, in all four images
    wide, narrow = (ImageCounts(kind(*images(400)), SPACE) for kind in (OfPersons, Split))
    found = []
    for metric in (wide, narrow):
        metric.update(torch.arange(400), right)
        found.append(result_of(metric.counts(), SPACE.num_groups, seed=0))
    assert [result.figures.accuracy for result in found] == [80, 80]
    ends = [(of.accuracy, of.balanced_accuracy, of.groups[of.figures.worst_group]) for of in found]
    accuracy, balanced, worst = ((a[1] - a[0]) / (b[1] - b[0]) for a, b in zip(*ends, strict=True))
    # A design effect of 4 (Kish, 1965, section 5.4) makes intervals twice as long.
    assert accuracy == pytest.approx(2, abs=0.2)
    assert balanced == pytest.approx(2, abs=0.2)
    # Each person has one image in each group.
    assert worst == pytest.approx(1)
