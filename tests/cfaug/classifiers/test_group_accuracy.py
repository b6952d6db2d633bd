import pytest
import torch

from cfaug.classifiers.group_accuracy import GroupAccuracy


def test_worst_group_among_those_with_enough_images() -> None:
    metric = GroupAccuracy(num_groups=4, minimum=3)
    labels = torch.zeros(10, dtype=torch.long)
    groups = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 0])
    wrong = torch.tensor([0, 0, 0, 1, 0, 1, 1, 1, 1, 0])
    metric.update(wrong[:6], labels[:6], groups[:6])
    metric.update(wrong[6:], labels[6:], groups[6:])
    figures = metric.compute()
    assert figures.accuracy == pytest.approx(50.0)
    assert figures.balanced_accuracy == pytest.approx(100 * (4 / 5 + 1 / 3 + 0) / 3)
    # Group 2 is all wrong but has two images only; group 3 has none.
    assert figures.worst_group == 1
    assert figures.worst_group_accuracy == pytest.approx(100 / 3)
    assert figures.worst_size == 3
    assert figures.correct.tolist() == [4, 1, 0, 0]
    # An accuracy of 1 in 3 (Wilson, JASA 1927, by hand).
    assert figures.interval(1) == pytest.approx((6.15, 79.23), abs=0.01)
    metric.reset()
    assert figures.total.tolist() == [5, 3, 2, 0]


def test_images_that_are_read_several_times_count_once() -> None:
    metric = GroupAccuracy(num_groups=2, minimum=3)
    metric.sizes = torch.tensor([2, 3])
    labels = torch.zeros(12, dtype=torch.long)
    groups = torch.tensor([0] * 6 + [1] * 6)
    wrong = torch.tensor([1] * 6 + [0, 1, 0, 1, 0, 1])
    metric.update(wrong, labels, groups)
    figures = metric.compute()
    assert figures.worst_group == 1  # the other has two images only
    assert (figures.worst_group_accuracy, figures.worst_size) == (50.0, 3)
    assert figures.images.tolist() == [2, 3]
    assert figures.interval(0) == pytest.approx((0, 65.76), abs=0.01)
