"""What classifiers rely on, of which it is known."""

from collections.abc import Collection

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.evaluation.classifier_reliance import Changed, reliance_of
from datamodules.digits import ConfoundedDigits
from tests.cfaug.evaluation.test_generator_quality import TINTS, Recolor, digits


def by_color(images: Tensor) -> Tensor:
    """Takes the digit from the colour, surely; of data at r = 1 it would be right."""
    brightest = images.flatten(2).amax(2)
    return 1000 * F.one_hot(torch.cdist(brightest, TINTS).argmin(1), 10).float()


def by_shape(images: Tensor) -> Tensor:
    """Sees no colour: says 0 where many pixels are drawn, else 1."""
    light = images.amax(1).flatten(1)
    drawn = (light > 0.5 * light.amax(1, keepdim=True)).float().mean(1)
    return 1000 * F.one_hot((drawn < 0.4).long(), 10).float()


class Thicker(Recolor):
    """Recolours, and draws all that it draws thicker."""

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        return F.max_pool2d(super().edit(images, attributes, targets, columns), 3, 1, 1)


@pytest.fixture(scope="module")
def data() -> ConfoundedDigits:
    return digits()


def test_who_sees_only_the_color_flips_with_it(data: ConfoundedDigits) -> None:
    generator = Recolor(data.attribute_space, data.image_shape)
    found = reliance_of(by_color, data, generator, shown=5)
    assert found.figures["test/redrawn_flip_rate"] == 0
    assert found.figures["test/edit_flip_rate/color"] == 100
    assert found.figures["test/reliance/color"] == pytest.approx(100)
    low, high = (found.figures[f"test/reliance_{end}/color"] for end in ("low", "high"))
    assert 95 < low <= high == 100
    table = data.splits["test"].attributes
    right = 100 * float((table[:, 0] == table[:, 1]).double().mean())
    assert found.figures["test/unconfounded_accuracy"] == pytest.approx(right)
    assert found.tested[0].images == 400
    # What is shown is the colour before, the colour after, and what was made of them.
    shown = found.changed["color"]
    assert len(shown.position) == 5
    assert torch.equal(shown.before, shown.source)
    assert torch.equal(shown.after, shown.target)
    assert torch.equal(shown.images[:, 0], data.batch("test", shown.position)["image"])
    assert torch.equal(by_color(shown.images[:, 2]).argmax(1), shown.target)


def test_who_sees_no_color_does_not_flip(data: ConfoundedDigits) -> None:
    generator = Recolor(data.attribute_space, data.image_shape)
    found = reliance_of(by_shape, data, generator).figures
    assert found["test/edit_flip_rate/color"] == found["test/reliance/color"] == 0


def test_what_drawing_again_changes_is_no_reliance(data: ConfoundedDigits) -> None:
    generator = Thicker(data.attribute_space, data.image_shape)
    found = reliance_of(by_shape, data, generator).figures
    assert found["test/redrawn_flip_rate"] > 10
    assert found["test/edit_flip_rate/color"] == 0


def test_a_change_of_half_the_probability_is_a_half(data: ConfoundedDigits) -> None:
    def unsure(images: Tensor) -> Tensor:
        """Red: 0 surely; else 0 or 1, as likely."""
        red = by_color(images).argmax(1) == 0
        both = torch.zeros(len(images), 10)
        both[:, 2:] = -1000
        both[red, 1] = -1000
        return both

    generator = Recolor(data.attribute_space, data.image_shape)
    found = reliance_of(unsure, data, generator)
    # An edit changes something if it is from or to red.
    table = data.splits["test"].attributes[:, 1]
    changes = found.figures["test/reliance/color"]
    from_red = 50 * float((table == 0).double().mean())
    assert from_red < changes < from_red + 50 * 0.2
    assert found.changed["color"].change.max() == pytest.approx(0.5)


def test_without_a_generator_only_accuracies_are_known(data: ConfoundedDigits) -> None:
    found = reliance_of(by_color, data, None)
    assert not found.changed
    assert not any("flip" in name or "reliance" in name for name in found.figures)
    assert "test/confounded_worst_group_accuracy" in found.figures


def test_an_image_is_shown_once() -> None:
    numbers = torch.tensor([3, 1, 3, 2, 1])
    change = torch.tensor([0.9, 0.8, 0.9, 0.1, 0.5])
    rows = Changed(*[numbers] * 5, change, torch.zeros(5, 3, 3, 2, 2))
    assert rows.most(2).position.tolist() == [3, 1]
    assert rows.most(9).change.tolist() == pytest.approx([0.9, 0.8, 0.1])
