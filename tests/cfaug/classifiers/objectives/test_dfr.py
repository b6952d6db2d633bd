from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cfaug.classifiers.objectives import DFR
from cfaug.classifiers.objectives.weighting import dfr
from cfaug.classifiers.objectives.weighting.dfr import equal_groups, halves_of_groups, last_layer
from tests.cfaug.classifiers.objectives.examples import beginning


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
    again = (head(features).argmax(1) == labels)[rare].float().mean()
    assert float(again) > float(erm) + 0.3


def test_groups_are_drawn_in_equal_numbers() -> None:
    groups = torch.tensor([4] * 30 + [1] * 5 + [9] * 7)
    rows = equal_groups(groups, torch.Generator().manual_seed(0))
    assert sorted(groups[rows].tolist()) == [1] * 5 + [4] * 5 + [9] * 5
    assert len(set(rows.tolist())) == 15


def test_each_group_is_halved() -> None:
    groups = torch.tensor([4] * 30 + [1] * 5 + [9])
    parts = halves_of_groups(groups, torch.Generator().manual_seed(0))
    counts = [torch.bincount(groups[part], minlength=10)[[1, 4, 9]].tolist() for part in parts]
    assert counts == [[3, 15, 1], [2, 15, 0]]
    assert sorted(torch.cat(parts).tolist()) == list(range(36))


def test_one_half_of_the_validation_images_chooses_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the fit is right at C = 0.3, and at C = 0.1 for all groups but a small one."""
    labels, small = torch.arange(80) % 2, torch.arange(80) >= 72
    groups = 2 * labels + small
    features = torch.stack([labels * 2.0 - 1, torch.where(small, 1 - labels, labels) * 2.0 - 1], 1)
    used: list[tuple[float, Tensor]] = []

    def fit(scaled: Tensor, labels: Tensor, c: float) -> tuple[Tensor, Tensor]:
        used.append((c, scaled))
        column = {0.3: 0, 0.1: 1}.get(c)
        weight = torch.zeros(2, 2)
        if column is not None:
            weight[:, column] = torch.tensor([-1.0, 1.0])
        return weight, torch.zeros(2)

    monkeypatch.setattr(dfr, "last_layer", fit)
    DFR(draws=3).finish(nn.Linear(2, 2), features, labels, groups)
    assert [c for c, _ in used] == [1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01, 0.3, 0.3, 0.3]
    # The small groups have 4 images each: 2 in a half.
    assert [len(scaled) for _, scaled in used] == [8] * 7 + [16] * 3
    used.clear()
    DFR(candidates=(0.07,), draws=2).finish(nn.Linear(2, 2), features, labels, groups)
    assert [(c, len(scaled)) for c, scaled in used] == [(0.07, 16)] * 2


def test_the_draws_follow_from_the_seed_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = []
    for seed in ("3", "3", "4"):
        monkeypatch.setenv("PL_GLOBAL_SEED", seed)
        heads.append(nn.Linear(4, 2))
        DFR(draws=2).finish(heads[-1], *shortcut(2))
    assert torch.equal(heads[0].weight, heads[1].weight)
    assert not torch.equal(heads[0].weight, heads[2].weight)


def test_fits_that_end_early_are_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dfr, "ITERATIONS", 1)
    DFR(candidates=(1.0,), draws=3).finish(nn.Linear(4, 2), *shortcut(2))
    told = capsys.readouterr().err
    assert told.startswith("DFR: 3 fits of the last layer were ended after 1 iterations")
    assert told.count("\n") == 1


def test_what_dfr_cannot_learn_from_is_told_before_training() -> None:
    whole = torch.tensor([[0, 0], [1, 0], [1, 0], [2, 1]])
    DFR().begin(beginning(whole))
    with pytest.raises(ValueError, match="validation images, and digit 2 has none; give validati"):
        DFR().begin(beginning(whole[:3]))
    few = whole[[0, 1, 3]]
    with pytest.raises(ValueError, match="no group has two of them, one to choose C by; give val"):
        DFR().begin(beginning(few))
    DFR(candidates=(1.0,)).begin(beginning(few))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"draws": 0}, "draws is 0, expected at least 1"),
        ({"candidates": ()}, r"candidates of DFR are \[\], expected at least one, all above 0"),
        ({"candidates": (1.0, 0.0)}, r"candidates of DFR are \[1.0, 0.0\], expected"),
    ],
)
def test_options_out_of_range_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        DFR(**options)
