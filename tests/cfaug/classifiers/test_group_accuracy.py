import pytest
import torch

from cfaug.classifiers.group_accuracy import GroupAccuracy, group_figures


def test_worst_group_among_those_with_enough_images() -> None:
    metric = GroupAccuracy(num_groups=4)
    labels = torch.zeros(10, dtype=torch.long)
    groups = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 0])
    wrong = torch.tensor([0, 0, 0, 1, 0, 1, 1, 1, 1, 0])
    metric.update(wrong[:6], labels[:6], groups[:6])
    metric.update(wrong[6:], labels[6:], groups[6:])
    figures = metric.compute()
    assert figures.accuracy == pytest.approx(50.0)
    assert figures.balanced_accuracy == pytest.approx(100 * (4 / 5 + 1 / 3 + 0) / 3)
    assert figures.correct.tolist() == [4, 1, 0, 0]
    assert figures.total.tolist() == [5, 3, 2, 0]
    assert (figures.worst_group, figures.worst_size) == (-1, 0)  # none has ten images
    # Group 2 is all wrong but has two images only; group 3 has none.
    figures = group_figures(figures.correct, figures.total, figures.images, minimum=3)
    assert figures.worst_group == 1
    assert figures.worst_group_accuracy == pytest.approx(100 / 3)
    assert figures.worst_size == 3
