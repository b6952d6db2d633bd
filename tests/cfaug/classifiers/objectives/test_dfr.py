import pytest
import torch
from torch import nn

from cfaug.classifiers.objectives import DFR
from cfaug.classifiers.objectives.weighting.dfr import equal_groups, last_layer


def shortcut(classes: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features whose last one is the label itself in all groups but the rare ones."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120 * classes) % classes
    rare = torch.rand(120 * classes, generator=generator) < 0.05
    bias = torch.where(rare, (labels + 1) % classes, labels)
    true, spurious = (nn.functional.one_hot(x, classes).float() for x in (labels, bias))
    noise = torch.randn(len(labels), 2 * classes, generator=generator)
    features = torch.cat([true, 2 * spurious], dim=1) + 0.7 * noise
    return features, labels, labels * 2 + rare


@pytest.mark.parametrize("classes", [2, 4])
def test_the_last_layer_stops_using_the_shortcut(classes: int) -> None:
    features, labels, groups = shortcut(classes)
    head = nn.Linear(2 * classes, classes)
    weight, bias = last_layer(features, labels, 1.0)  # of all images: ERM
    rare = groups % 2 == 1
    erm = ((features @ weight.T + bias).argmax(1) == labels)[rare].float().mean()
    DFR().finish(head, features, labels, groups)
    dfr = (head(features).argmax(1) == labels)[rare].float().mean()
    assert float(dfr) > float(erm) + 0.3


def test_groups_are_drawn_in_equal_numbers() -> None:
    groups = torch.tensor([4] * 30 + [1] * 5 + [9] * 7)
    rows = equal_groups(groups, torch.Generator().manual_seed(0))
    assert sorted(groups[rows].tolist()) == [1] * 5 + [4] * 5 + [9] * 5
    assert len(set(rows.tolist())) == 15


def test_a_label_without_validation_images_is_named() -> None:
    labels = torch.tensor([0, 1, 0, 1])
    with pytest.raises(ValueError, match="label 2 has none"):
        DFR().finish(nn.Linear(3, 3), torch.randn(4, 3), labels, labels)
