"""Blur: by a lens, by glass, by motion."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from datamodules.rendering.corruptions.randomness import Randomness


def smooth(images: Tensor, sigma: float, truncate: float = 4.0) -> Tensor:
    """Gaussian filter with the nearest pixels beyond the edge.

    Args:
        images: (B, C, H, W).
        sigma: Standard deviation in pixels.
        truncate: Where the kernel ends, in standard deviations.
    """
    radius = int(truncate * sigma + 0.5)
    places = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel /= kernel.sum()
    channels = images.shape[1]
    padded = F.pad(images, [radius] * 4, mode="replicate")
    for shape in ((1, 1, -1, 1), (1, 1, 1, -1)):
        weight = kernel.view(shape).expand(channels, -1, -1, -1)
        padded = F.conv2d(padded, weight, groups=channels)
    return padded


def gaussian_blur(images: Tensor, draws: Randomness) -> Tensor:
    """A Gaussian filter of one pixel."""
    return smooth(images, 1.0)


def defocus_blur(images: Tensor, draws: Randomness) -> Tensor:
    """A disk of 1.5 pixels, whose edge a Gaussian of 0.1 pixels softens, which changes nothing."""
    y, x = torch.meshgrid(*[torch.arange(-1, 2, device=images.device)] * 2, indexing="ij")
    disk = (x**2 + y**2 <= 1.5**2).float()
    weight = (disk / disk.sum()).expand(images.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(images, [1] * 4, mode="reflect"), weight, groups=images.shape[1])


def glass_blur(images: Tensor, draws: Randomness) -> Tensor:
    """Each pixel takes the value of a neighbour, twice, between two Gaussian filters of 0.4.

    The definition lets them change places. The code that made the published data swaps views of
    one array, so that the neighbour keeps its own value; this does the same.
    """
    images = smooth(images, 0.4)
    side = images.shape[-1]
    rows = torch.arange(len(images), device=images.device)[:, None, None]
    y, x = torch.meshgrid(*[torch.arange(side, device=images.device)] * 2, indexing="ij")
    inside = (y > 1) & (x > 1)
    moves = (draws.uniform("places", 2, 2, side, side) * 2).long() - 1  # -1 or 0
    for turn in range(2):
        dy, dx = (moves[:, turn] * inside).unbind(1)
        images = images.permute(0, 2, 3, 1)[rows, y + dy, x + dx].permute(0, 3, 1, 2)
    return smooth(images, 0.4)


def moved(images: Tensor, degrees: Tensor, radius: int, sigma: float) -> Tensor:
    """The mean of an image with itself, moved step by step in one direction.

    Step i has the weight ``exp(-i² / (2 sigma²))``. Beyond the edge are the nearest pixels.

    Args:
        images: (B, C, H, W).
        degrees: (B,) directions.
        radius: There are ``2 radius + 1`` steps of a pixel.
        sigma: In steps.
    """
    height, width = images.shape[-2:]
    steps = torch.arange(2 * radius + 1, device=images.device)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    weights /= weights.sum()
    radians = degrees * (math.pi / 180)
    ways = torch.stack([radians.sin(), radians.cos()], dim=1)[:, None] * steps[:, None]
    offsets = (ways - 0.5).ceil().long()
    y, x = (torch.arange(n, device=images.device) for n in (height, width))
    places = torch.arange(len(images), device=images.device)[:, None, None]
    out = torch.zeros_like(images).permute(0, 2, 3, 1)
    for step, weight in enumerate(weights.tolist()):
        rows = (y + offsets[:, step, :1]).clamp(0, height - 1)[:, :, None]
        columns = (x + offsets[:, step, 1:]).clamp(0, width - 1)[:, None, :]
        out = out + weight * images.permute(0, 2, 3, 1)[places, rows, columns]
    return out.permute(0, 3, 1, 2)


def motion_blur(images: Tensor, draws: Randomness) -> Tensor:
    """A motion within 45° of a row, with a sigma of 2.5 pixels."""
    return moved(images, draws.uniform("angle", 1, low=-45, high=45)[:, 0], 9, 2.5)


def zoomed(images: Tensor, factor: float) -> Tensor:
    """The middle of an image, enlarged, bilinearly, so that corners stay corners."""
    side = images.shape[-1]
    part = math.ceil(side / factor)
    start = (side - part) // 2
    middle = images[:, :, start : start + part, start : start + part]
    size = round(part * factor)
    large = F.interpolate(middle, size=(size, size), mode="bilinear", align_corners=True)
    edge = (size - side) // 2
    return large[:, :, edge : edge + side, edge : edge + side]


def zoom_blur(images: Tensor, draws: Randomness) -> Tensor:
    """The mean of an image with 26 zooms into it, of 1.00 to 1.25."""
    zooms = [zoomed(images, 1 + step / 100) for step in range(26)]
    return torch.stack([images, *zooms]).mean(0)
