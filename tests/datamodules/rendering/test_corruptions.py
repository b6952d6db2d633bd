"""Corruptions beside other implementations, image by image, and their statistics."""

import colorsys
import io
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor

from datamodules.rendering.corruptions import blur, digital, pixel_noise, weather
from datamodules.rendering.corruptions.corruption import SETS, Corrupt, Corruption
from datamodules.rendering.corruptions.randomness import Randomness

EVERY = [corrupt for some in SETS.values() for corrupt in some]


def pictures(count: int = 4) -> Tensor:
    """Smooth random images in whole grey levels, (count, 3, 32, 32)."""
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, size=(32, 32), mode="bilinear")
    return (images * 255).round() / 255


def draws(count: int = 4) -> Randomness:
    return Randomness(0, "test", torch.arange(count))


def each(images: Tensor) -> list[NDArray[np.float64]]:
    return [image.permute(1, 2, 0).double().numpy() for image in images]


def by_pixel(images: Tensor, change: object) -> Tensor:
    changed = np.array(
        [
            [[colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*p))) for p in row] for row in image]  # type: ignore[operator]
            for image in each(images)
        ]
    )
    return torch.from_numpy(changed).permute(0, 3, 1, 2).float()


def test_brightness_and_saturation_are_those_of_hsv() -> None:
    images = pictures(1)
    images[:, :, 0, :4] = torch.tensor([0.0, 0.4, 0.9, 1.0])  # greys, black and white among them
    bright = by_pixel(images, lambda h, s, v: (h, s, min(v + 0.3, 1)))
    assert torch.allclose(digital.brightness(images, draws(1)), bright, atol=1e-5)
    strong = by_pixel(images, lambda h, s, v: (h, min(2.5 * s + 0.2, 1), v))
    assert torch.allclose(digital.saturate(images, draws(1)), strong, atol=1e-5)


def test_contrast_is_a_seventh_of_what_it_was() -> None:
    images = torch.tensor([0.2, 0.4]).view(1, 1, 1, 2).expand(1, 3, 2, 2)
    expected = torch.tensor([0.285, 0.315]).expand(1, 3, 2, 2)
    assert torch.allclose(digital.contrast(images, draws(1)), expected)


def test_jpeg_and_boxes_are_those_of_pillow() -> None:
    images = pictures()
    for image, ours, boxes in zip(
        each(images),
        digital.jpeg(images, draws()),
        digital.pixelate(images, draws()),
        strict=True,
    ):
        whole = Image.fromarray((image * 255).round().astype(np.uint8))
        file = io.BytesIO()
        whole.save(file, "JPEG", quality=40)
        theirs = np.asarray(Image.open(file)) / 255
        assert np.allclose(ours.permute(1, 2, 0).numpy(), theirs, atol=1e-6)
        small = np.asarray(whole.resize((20, 20), Image.Resampling.BOX))
        assert len(np.unique(boxes.reshape(3, -1).numpy(), axis=1).T) <= len(
            np.unique(small.reshape(-1, 3), axis=0)
        )


def test_gaussian_blur_is_that_of_scipy() -> None:
    images = pictures()
    theirs = ndimage.gaussian_filter(images.numpy(), (0, 0, 1, 1), mode="nearest")
    assert np.allclose(blur.gaussian_blur(images, draws()).numpy(), theirs, atol=1e-5)


def test_zoom_blur_is_the_mean_of_zooms() -> None:
    images, zooms = pictures(1), []
    for factor in np.arange(1, 1.26, 0.01):
        part = math.ceil(32 / factor)
        start = (32 - part) // 2
        middle = images[0, :, start : start + part, start : start + part].numpy()
        large = ndimage.zoom(middle, (1, factor, factor), order=1)
        edge = (large.shape[1] - 32) // 2
        zooms.append(large[:, edge : edge + 32, edge : edge + 32])
    theirs = (images[0].numpy() + np.sum(zooms, axis=0)) / (len(zooms) + 1)
    ours = blur.zoom_blur(images, draws(1))[0].numpy()
    assert np.allclose(ours[:, 1:-1, 1:-1], theirs[:, 1:-1, 1:-1], atol=0.01)


def test_a_defocused_point_is_a_disk() -> None:
    images = torch.zeros(1, 3, 9, 9)
    images[:, :, 4, 4] = 1
    spread = blur.defocus_blur(images, draws(1))[0, 0]
    assert (spread[3:6, 3:6] > 0.1).all()  # corners at 1.41 are within 1.5
    assert float(spread.sum()) == pytest.approx(1)
    assert int((spread > 0).sum()) == 9


def test_a_point_in_motion_is_a_line() -> None:
    images = torch.zeros(2, 1, 33, 33)
    images[:, :, 16, 16] = 1
    level, steep = blur.moved(images, torch.tensor([0.0, 90.0]), 4, 2.5)[:, 0]
    assert torch.equal(level.nonzero()[:, 0].unique(), torch.tensor([16]))
    assert torch.equal(steep.nonzero()[:, 1].unique(), torch.tensor([16]))
    assert int((level > 0).sum()) == 9
    assert float(level.sum()) == pytest.approx(1)
    weights = level[16][level[16] > 0].flip(0)
    assert float(weights[2] / weights[0]) == pytest.approx(math.exp(-0.5 * (2 / 2.5) ** 2))


def test_glass_shows_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blur, "smooth", lambda images, sigma: images)
    places = torch.arange(1024.0).view(1, 1, 32, 32).expand(3, 3, -1, -1)
    seen = blur.glass_blur(places, draws(3))
    far = places - seen
    rows, columns = far.div(32, rounding_mode="floor"), far % 32
    assert set(rows[columns <= 2].unique().tolist()) == {0, 1, 2}  # up to a step in each turn
    assert set(columns.unique().tolist()) == {0, 1, 2}
    assert torch.equal(seen[:, :, :2], places[:, :, :2])
    # Both steps are drawn evenly: 0, 1 and 2 steps in the shares 1, 2 and 1.
    shares = torch.bincount(columns[:, 0, 4:, 4:].flatten().long()) / columns[:, 0, 4:, 4:].numel()
    assert torch.allclose(shares, torch.tensor([0.25, 0.5, 0.25]), atol=0.04)


def test_noise_has_its_mean_and_spread() -> None:
    images = torch.full((64, 3, 32, 32), 0.4)
    for corrupt, spread in (
        (pixel_noise.gaussian_noise, 0.1),
        (pixel_noise.speckle_noise, 0.08),
        (pixel_noise.shot_noise, math.sqrt(0.4 / 50)),
    ):
        noisy = corrupt(images, draws(64))
        assert float(noisy.mean()) == pytest.approx(0.4, abs=1e-3)
        assert float(noisy.std()) == pytest.approx(spread, rel=0.02)
    salted = pixel_noise.impulse_noise(images, draws(64))
    for value in (0, 1):
        assert float((salted == value).float().mean()) == pytest.approx(0.035, rel=0.05)
    assert float((salted == 0.4).float().mean()) == pytest.approx(0.93, rel=0.01)


def test_normal_numbers_are_normal() -> None:
    drawn = draws(200).normal("x", 500, mean=1, std=2).flatten().sort().values
    expected = 1 + 2 * torch.special.ndtri((torch.arange(100_000) + 0.5) / 100_000)
    assert float((drawn - expected).abs()[100:-100].max()) < 0.15


def test_clouds_fill_their_range_and_are_smooth() -> None:
    clouds = weather.plasma(draws(50), "clouds", 32, 1.75)
    assert clouds.shape == (50, 1, 32, 32)
    assert torch.equal(clouds.amin((1, 2, 3)), torch.zeros(50))
    assert torch.equal(clouds.amax((1, 2, 3)), torch.ones(50))
    steps = (clouds[..., 1:] - clouds[..., :-1]).abs().mean()
    far = (clouds - clouds.roll(16, 3)).abs().mean()
    assert float(far) > 3 * float(steps)


def test_weather_lightens_and_mud_darkens() -> None:
    grey = torch.full((50, 3, 32, 32), 0.5)
    assert float(weather.snow(grey, draws(50)).clamp(0, 1).mean()) > 0.6
    foggy = weather.fog(grey, draws(50))
    # (0.5 + 1.5 c) 0.5 / 2 for clouds c: from 0.125 to 0.5.
    assert float(foggy.min()) == pytest.approx(0.125)
    assert float(foggy.max()) == pytest.approx(0.5)
    muddy = weather.spatter(grey, draws(50))
    share = float((muddy[:, 0] < 0.45).float().mean())
    assert 0.03 < share < 0.3
    assert float(muddy[:, 0].min()) == pytest.approx(63 / 255, abs=0.02)


def test_elastic_moves_pixels_but_not_far() -> None:
    across = torch.linspace(0, 1, 32).expand(200, 3, 32, 32)
    moved = digital.elastic(across, draws(200))[:, 0, 4:-4, 4:-4]
    pixels = (moved - across[:, 0, 4:-4, 4:-4]) * 31
    assert 0.2 < float(pixels.abs().mean()) < 2
    assert abs(float(pixels.mean())) < 0.15
    assert float(pixels.abs().max()) < 8


@pytest.mark.parametrize("corrupt", EVERY, ids=lambda corrupt: corrupt.__name__)
def test_an_image_is_corrupted_alike_in_any_batch(corrupt: Corrupt) -> None:
    images = pictures(5)
    index = torch.tensor([7, 1, 40, 2, 9])
    whole = corrupt(images, Randomness(3, "test", index))
    assert whole.shape == images.shape
    alone = corrupt(images[2:3], Randomness(3, "test", index[2:3]))
    assert torch.allclose(whole[2:3], alone, atol=1e-6)


def test_each_image_gets_the_corruption_of_its_value() -> None:
    renderer, images = Corruption(1), pictures(20)
    values, index = torch.arange(20) % 10, torch.arange(20)
    assert renderer.attribute.values[-1] == "original"
    drawn = renderer.render(images, values, index, 0)
    assert torch.equal(drawn[values == 9], images[values == 9])
    changed = (drawn - images).abs().amax((1, 2, 3))
    assert (changed[values != 9] > 0.02).all()
    assert float(drawn.min()) >= 0
    assert float(drawn.max()) <= 1
    one = renderer.render(images[3:4], values[3:4], index[3:4], 0)
    assert torch.allclose(one, drawn[3:4], atol=1e-6)


def test_half_precision_around_it_changes_nothing() -> None:
    renderer, images, index = Corruption(0), pictures(20), torch.arange(20)
    drawn = renderer.render(images, index % 10, index, 0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(renderer.render(images, index % 10, index, 0), drawn)
