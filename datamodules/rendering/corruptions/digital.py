"""Changes of colour and of coding."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from datamodules.rendering.corruptions.blur import smooth
from datamodules.rendering.corruptions.randomness import Randomness


def brightness(images: Tensor, draws: Randomness) -> Tensor:
    """The value of HSV raised by 0.3; hue and saturation stay."""
    value = images.amax(1, keepdim=True)
    raised = (value + 0.3).clamp(max=1)
    return torch.where(value > 0, images * (raised / value.clamp(min=1e-6)), raised)


def saturate(images: Tensor, draws: Randomness) -> Tensor:
    """The saturation s of HSV becomes 2.5 s + 0.2; grey has the hue of red."""
    value, least = images.amax(1, keepdim=True), images.amin(1, keepdim=True)
    saturation = torch.where(value > 0, (value - least) / value.clamp(min=1e-6), 0.0)
    more = (2.5 * saturation + 0.2).clamp(max=1)
    coloured = value - (value - images) * (more / saturation.clamp(min=1e-6))
    red = torch.tensor([0.0, 1.0, 1.0], device=images.device)[:, None, None]
    return torch.where(saturation > 0, coloured, value * (1 - more * red))


def contrast(images: Tensor, draws: Randomness) -> Tensor:
    """15 % of the difference of each channel to its mean."""
    means = images.mean((2, 3), keepdim=True)
    return means + 0.15 * (images - means)


def _by_pillow(images: Tensor, change: object) -> Tensor:
    pixels = (images.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    changed = [np.asarray(change(Image.fromarray(each))) for each in pixels]  # type: ignore[operator]
    return torch.from_numpy(np.stack(changed)).permute(0, 3, 1, 2).to(images.device).float() / 255


def jpeg(images: Tensor, draws: Randomness) -> Tensor:
    """A JPEG of quality 40."""

    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=40)
        return Image.open(file).convert("RGB")

    return _by_pillow(images, change)


def pixelate(images: Tensor, draws: Randomness) -> Tensor:
    """65 % of the pixels of a side, by means of boxes."""
    side = images.shape[-1]
    fewer = int(side * 0.65)

    def change(image: Image.Image) -> Image.Image:
        small = image.resize((fewer, fewer), Image.Resampling.BOX)
        return small.resize((side, side), Image.Resampling.BOX)

    return _by_pillow(images, change)


def elastic(images: Tensor, draws: Randomness) -> Tensor:
    """An affine map that moves three points by up to 3 % of a side, then smooth displacements."""
    side = images.shape[-1]
    far = 0.03 * side
    middle, third = side // 2, side // 3
    points = torch.tensor(
        [[middle + third, middle + third], [middle + third, middle - third], [middle - third] * 2],
        device=images.device,
        dtype=torch.float,
    )
    moved_points = points + draws.uniform("points", 3, 2, low=-far, high=far)
    ones = torch.ones(len(images), 3, 1, device=images.device)
    # What is drawn at a moved point comes from where it was: (x, y) from (x', y', 1).
    maps = torch.linalg.solve(torch.cat([moved_points, ones], 2), points.expand(len(images), 3, 2))
    y, x = torch.meshgrid(*[torch.arange(side, device=images.device).float()] * 2, indexing="ij")
    grid = torch.stack([x, y, torch.ones_like(x)], dim=-1).view(1, -1, 3) @ maps
    images = _at(images, grid.view(-1, side, side, 2))
    field = draws.uniform("field", 2, side, side, low=-1, high=1)
    field = 0.1 * side * smooth(field, 0.03 * side, truncate=3)
    return _at(images, torch.stack([x, y], -1) + field.permute(0, 2, 3, 1))


def _at(images: Tensor, places: Tensor) -> Tensor:
    """Images (B, C, H, W) read at places (B, H, W, 2) in pixels, x first; mirrored at the edges."""
    side = images.shape[-1]
    grid = 2 * places / (side - 1) - 1
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=True)
