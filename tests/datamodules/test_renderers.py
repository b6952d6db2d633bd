import numpy as np
import pytest
import torch
from scipy.ndimage import grey_dilation, grey_erosion
from torch.nn import functional as F
from torchvision.transforms import functional as reference

from datamodules.renderers import PALETTE, Color, Rotation, Thickness, warp
from datamodules.sources import load_sklearn_digits

INDEX = torch.arange(20)


@pytest.fixture(scope="module")
def grey() -> torch.Tensor:
    return load_sklearn_digits()["test"][0][:20].float() / 255


def test_color_tints_by_the_palette(grey: torch.Tensor) -> None:
    values = INDEX % 10
    images = Color(jitter=0.0).render(grey, values, INDEX, 0)
    tints = torch.tensor(list(PALETTE.values()))
    assert torch.allclose(images, grey * tints[values][:, :, None, None])


def test_jitter_stays_within_its_width_and_with_the_image(grey: torch.Tensor) -> None:
    white = torch.ones_like(grey)
    renderer = Color(jitter=0.1)
    images = renderer.render(white, INDEX % 10, INDEX, 0)
    tints = torch.tensor(list(PALETTE.values()))[INDEX % 10][:, :, None, None]
    assert (images - tints).abs().max() <= 0.1 + 1e-6
    assert (images - tints).abs().max() > 0.02
    back = renderer.render(white.flip(0), INDEX.flip(0) % 10, INDEX.flip(0), 0)
    assert torch.equal(back.flip(0), images)


def test_unknown_color_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown colors \['pink'\]"):
        Color(("red", "pink"))


@pytest.mark.parametrize(
    ("value", "operation", "radius"), [(0, grey_erosion, 1), (1, grey_dilation, 2)]
)
def test_thickness_is_grey_morphology(
    grey: torch.Tensor, value: int, operation: object, radius: int
) -> None:
    rendered = Thickness(thin=1, thick=2).render(grey, torch.full((20,), value), INDEX, 0)
    fine = F.interpolate(grey, scale_factor=2, mode="bilinear").numpy()
    size = 2 * radius + 1
    # mode="nearest" repeats the border, as pooling that ignores what lies outside does.
    expected = np.stack([operation(image[0], size=(size, size), mode="nearest") for image in fine])  # type: ignore[operator]
    expected = F.avg_pool2d(torch.from_numpy(expected)[:, None], 2)
    assert torch.allclose(rendered, expected, atol=1e-6)


def test_rotation_turns_as_torchvision_does(grey: torch.Tensor) -> None:
    images = Rotation().render(grey, INDEX % 5, INDEX, 0)
    for i, angle in enumerate((-60, -30, 0, 30, 60)):
        bilinear = reference.InterpolationMode.BILINEAR
        expected = reference.rotate(grey[i], float(angle), interpolation=bilinear)
        assert torch.allclose(images[i], expected, atol=1e-4)


def test_warp_shifts_right_and_down_and_magnifies() -> None:
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 2, 3] = 1
    one, none = torch.ones(1), torch.zeros(1)
    shifted = warp(image, none, one, torch.tensor([[0.25, 0.125]]))
    assert shifted[0, 0, 3, 5] == pytest.approx(1)
    square = torch.zeros(1, 1, 16, 16)
    square[:, :, 6:10, 6:10] = 1
    larger = warp(square, none, 2 * one, torch.zeros(1, 2))
    assert float(larger.sum()) == pytest.approx(64, rel=0.05)
