"""Judges, probes and transfer against generators whose faults are known."""

from collections.abc import Collection
from unittest.mock import patch

import pytest
import torch
from lightning.pytorch import seed_everything
from scipy.stats import binomtest
from torch import Tensor

from cfaug.evaluation import probes as probes_module
from cfaug.evaluation.generator_quality import Judging, judge_generator
from cfaug.evaluation.image_distances import exact_errors
from cfaug.evaluation.probes import Probes
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


class Copies(Recolor):
    """Recolours, but leaves images alone whose colour is the wanted one; what it draws is dimmer.

    Each edit by itself is innocent: who sees a bright image knows its old colour nevertheless.
    """

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        drawn = 0.7 * super().edit(images, attributes, targets, columns)
        kept = (attributes == targets).all(1)[:, None, None, None]
        return torch.where(kept, images, drawn)


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


def digits(colors: tuple[str, ...] | None = None) -> ConfoundedDigits:
    seed_everything(0, verbose=False)
    data = ConfoundedDigits(
        [Color(colors, jitter=0.0)], source="digits", size=16, strength=0.95, epoch_size=12800
    )
    data.setup()
    # Margins must survive: a shifted watermark is harder to read, which is not the point here.
    data.rotation = data.shift = data.scale = 0.0
    return data


def judged(kind: type[Generator]) -> Judging:
    data = digits()
    generator = kind(data.attribute_space, data.image_shape)
    with patch.object(probes_module, "KINDS", ((16, 1), (16, 2))):  # small ones, for speed
        return judge_generator(generator, data, 200, "32-true")


@pytest.fixture(scope="module")
def honest() -> Judging:
    return judged(Recolor)


@pytest.fixture(scope="module")
def cheating() -> Judging:
    return judged(Watermark)


def test_an_exact_edit_is_effective_exact_and_leaves_nothing(honest: Judging) -> None:
    figures = honest.figures
    assert figures["test/known_process/effectiveness/do-color/color"] > 98
    assert figures["test/known_process/effectiveness/do-color/digit"] > 90
    assert figures["test/exact_l1/color"] < 0.1
    assert figures["test/exact_psnr/color"] > 60
    assert figures["test/exact_ssim/color"] > 0.99
    assert figures["test/composition/10"] < 0.1
    assert figures["test/reversibility/color"] < 0.1
    assert figures["test/leakage/color"] < figures["test/leakage_chance/color"] + 8
    assert figures["test/joint_leakage/color"] < figures["test/leakage_chance/color"] + 8
    assert "test/joint_leakage/digit" not in figures  # the label is not edited
    assert abs(figures["test/transfer/gap"]) < 4
    assert figures["test/transfer/real"] > 90


def test_exact_errors_are_means_over_images() -> None:
    truth = torch.zeros(2, 3, 16, 16)
    edited = truth + torch.tensor([0.1, 0.01])[:, None, None, None]
    errors = {name: float(value) for name, value in exact_errors(edited, truth).items()}
    assert errors["l1"] == pytest.approx(255 * 0.055, rel=1e-4)
    assert errors["psnr"] == pytest.approx((20 + 40) / 2, rel=1e-4)
    assert exact_errors(edited, edited)["ssim"] == pytest.approx(1, abs=1e-4)


def test_guessing_has_the_interval_of_the_test_images(honest: Judging) -> None:
    figures, count = honest.figures, len(digits().splits["test"])
    assert figures["test/judged_images"] == count
    most = int(digits().splits["test"].attributes[:, 1].bincount().max())
    assert figures["test/leakage_chance/color"] == pytest.approx(100 * most / count)
    interval = binomtest(most, count).proportion_ci(method="wilson")
    assert figures["test/leakage_chance_low/color"] == pytest.approx(100 * interval.low)
    assert figures["test/leakage_chance_high/color"] == pytest.approx(100 * interval.high)


def test_judges_of_the_known_process_stand_beside_those_of_a_user(honest: Judging) -> None:
    figures = honest.figures
    for k, name in enumerate(["digit", "color"]):
        own, known = figures[f"test/judge/{name}"], figures[f"test/known_process/judge/{name}"]
        assert figures[f"test/judge_difference/real/{name}"] == pytest.approx(own - known)
        assert float(honest.judges[k]) == own
        for other in ("digit", "color"):
            edit = f"do-{name}/{other}"
            known = figures[f"test/known_process/effectiveness/{edit}"]
            difference = figures[f"test/effectiveness/{edit}"] - known
            assert figures[f"test/judge_difference/{edit}"] == pytest.approx(difference)
    # A judge of 95 % confounded images takes a recoloured digit for that of its colour at times.
    assert figures["test/judge_difference/do-color/digit"] < -1


def test_copies_mixed_with_drawings_are_found_by_a_probe() -> None:
    data = digits(tuple(PALETTE)[:2])
    generator = Copies(data.attribute_space, data.image_shape)
    probes = Probes(generator, [[1]], data.unconfounded(), 100, "32-true", "probing")
    batch = data.first("test", 400)
    ((column, found),) = probes.found(batch, [1])
    assert column == 1
    assert float(found.float().mean()) > 0.9  # guessing is right for half of them


def test_the_strongest_probe_counts() -> None:
    data = digits()
    generator = Watermark(data.attribute_space, data.image_shape)
    with patch.object(probes_module, "KINDS", ((16, 0.02), (16, 1), (16, 0.02))):
        probes = Probes(generator, [[1]], data.unconfounded(), 100, "32-true", "probing")
    assert probes.strongest == {1: 1}


def test_an_edit_that_does_nothing_is_not_effective(honest: Judging) -> None:
    assert honest.figures["test/effectiveness/do-digit/digit"] < 10


def test_confounding_is_gone_after_independent_edits(honest: Judging) -> None:
    assert honest.figures["test/confounding_before/color"] > 3
    assert honest.figures["test/known_process/confounding_after/color"] < 0.3


def test_a_watermark_is_caught_by_probe_and_transfer(cheating: Judging) -> None:
    figures = cheating.figures
    known = "test/known_process/effectiveness"
    assert figures[f"{known}/do-color/color"] > 90  # the judges are content
    assert figures["test/leakage/color"] > figures["test/leakage_chance/color"] + 40
    assert figures["test/transfer/gap"] > 15
