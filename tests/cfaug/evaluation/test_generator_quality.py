"""Judges, probes and transfer against generators whose faults are known."""

from collections.abc import Collection

import pytest
import torch
from lightning.pytorch import seed_everything
from torch import Tensor

from cfaug.evaluation.generator_quality import Judging, exact_errors, judge_generator
from cfaug.generators.base import Generator
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.palettes import PALETTE
from datamodules.rendering.renderers import Color

TINTS = torch.tensor(list(PALETTE.values()))


class Recolor(Generator):
    """The exact edit of a colour without jitter; leaves digits as they are."""

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        grey = images.amax(1, keepdim=True) / TINTS[attributes[:, 1]].amax(1)[:, None, None, None]
        return grey * TINTS[targets[:, 1]][:, :, None, None]


class Watermark(Recolor):
    """Recolours, but writes the old colour and the label into the margin."""

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        edited = super().edit(images, attributes, targets, columns)
        rows = torch.arange(len(images))
        edited[rows, :, 0, attributes[:, 1]] = 0.5
        edited[rows, :, -1, attributes[:, 0]] = 0.5
        return edited


def judged(kind: type[Generator]) -> Judging:
    seed_everything(0, verbose=False)
    data = ConfoundedDigits(
        [Color(jitter=0.0)], source="digits", size=16, strength=0.95, epoch_size=12800
    )
    data.setup()
    # Margins must survive: a shifted watermark is harder to read, which is not the point here.
    data.rotation = data.shift = data.scale = 0.0
    return judge_generator(kind(data.attribute_space, data.image_shape), data, 200, "32-true")


@pytest.fixture(scope="module")
def honest() -> Judging:
    return judged(Recolor)


@pytest.fixture(scope="module")
def cheating() -> Judging:
    return judged(Watermark)


def test_an_exact_edit_is_effective_exact_and_leaves_nothing(honest: Judging) -> None:
    figures = honest.figures
    assert figures["test/effectiveness/do-color/color"] > 98
    assert figures["test/effectiveness/do-color/digit"] > 90
    assert figures["test/exact_l1/color"] < 0.1
    assert figures["test/exact_psnr/color"] > 60
    assert figures["test/exact_ssim/color"] > 0.99
    assert figures["test/composition/10"] < 0.1
    assert figures["test/reversibility/color"] < 0.1
    assert figures["test/leakage/color"] < figures["test/leakage_chance/color"] + 8
    assert abs(figures["test/transfer/gap"]) < 4
    assert figures["test/transfer/real"] > 90


def test_exact_errors_are_means_over_images() -> None:
    truth = torch.zeros(2, 3, 16, 16)
    edited = truth + torch.tensor([0.1, 0.01])[:, None, None, None]
    errors = {name: float(value) for name, value in exact_errors(edited, truth).items()}
    assert errors["l1"] == pytest.approx(255 * 0.055, rel=1e-4)
    assert errors["psnr"] == pytest.approx((20 + 40) / 2, rel=1e-4)
    assert exact_errors(edited, edited)["ssim"] == pytest.approx(1, abs=1e-4)


def test_an_edit_that_does_nothing_is_not_effective(honest: Judging) -> None:
    assert honest.figures["test/effectiveness/do-digit/digit"] < 10


def test_confounding_is_gone_after_independent_edits(honest: Judging) -> None:
    assert honest.figures["test/confounding_before/color"] > 3
    assert honest.figures["test/confounding_after/color"] < 0.3


def test_a_watermark_is_caught_by_probe_and_transfer(cheating: Judging) -> None:
    figures = cheating.figures
    assert figures["test/effectiveness/do-color/color"] > 90  # the judges are content
    assert figures["test/leakage/color"] > figures["test/leakage_chance/color"] + 40
    assert figures["test/transfer/gap"] > 15
