"""Renderers draw an attribute into grey images: batched tensor operations on any device.

A family of data sets is a list of renderers applied in order. Each is a known mechanism, so the
true counterfactual of an image is the same source and the same noise rendered with another value.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional as F

from datamodules.attributes import Attribute
from datamodules.noise import uniform

PALETTE: dict[str, tuple[float, float, float]] = {
    "red": (0.90, 0.10, 0.12),
    "green": (0.20, 0.70, 0.25),
    "blue": (0.15, 0.35, 0.95),
    "yellow": (0.98, 0.90, 0.15),
    "magenta": (0.92, 0.20, 0.85),
    "cyan": (0.20, 0.90, 0.92),
    "orange": (0.98, 0.52, 0.10),
    "white": (0.97, 0.97, 0.97),
    "purple": (0.48, 0.15, 0.72),
    "olive": (0.50, 0.50, 0.12),
}


class Renderer(ABC):
    """Draws one attribute.

    Args:
        attribute: The attribute and its values.
    """

    def __init__(self, attribute: Attribute) -> None:
        self.attribute = attribute

    @abstractmethod
    def render(self, images: Tensor, values: Tensor, index: Tensor, seed: int) -> Tensor:
        """Draw values into images.

        Args:
            images: (B, C, H, W) float32 in [0, 1], C being 1 until a renderer adds colour.
            values: (B,) int64 codes of the attribute.
            index: (B,) int64 rows of the images; noise is a function of the seed and the row.
            seed: Seed of the noise.

        Returns:
            (B, 1 or 3, H, W) float32 in [0, 1].
        """


class Thickness(Renderer):
    """Thin or thick strokes by erosion or dilation on a grid twice as fine.

    The operation of Morpho-MNIST (Castro et al., JMLR 2019), with a fixed radius in half pixels.

    Args:
        thin: Erosion radius, in half pixels.
        thick: Dilation radius, in half pixels.
    """

    def __init__(self, thin: int = 1, thick: int = 2) -> None:
        super().__init__(Attribute("thickness", ("thin", "thick")))
        self.thin = thin
        self.thick = thick

    def render(self, images: Tensor, values: Tensor, index: Tensor, seed: int) -> Tensor:
        """See `Renderer.render`; no noise."""
        height, width = images.shape[-2:]
        fine = F.interpolate(images, size=(2 * height, 2 * width), mode="bilinear")
        thin, thick = fine[values == 0], fine[values == 1]
        fine[values == 0] = -F.max_pool2d(-thin, 2 * self.thin + 1, 1, self.thin)
        fine[values == 1] = F.max_pool2d(thick, 2 * self.thick + 1, 1, self.thick)
        return F.avg_pool2d(fine, 2)


class Rotation(Renderer):
    """Turns the image about its centre.

    Args:
        angles: Angles in degrees, counter-clockwise. Within ±60° no digit becomes another.
    """

    def __init__(self, angles: tuple[float, ...] = (-60, -30, 0, 30, 60)) -> None:
        super().__init__(Attribute("angle", tuple(f"{angle:g}" for angle in angles)))
        self.angles = angles

    def render(self, images: Tensor, values: Tensor, index: Tensor, seed: int) -> Tensor:
        """See `Renderer.render`; no noise."""
        radians = torch.tensor(self.angles, device=images.device)[values] * (math.pi / 180)
        return warp(
            images, radians, torch.ones_like(radians), torch.zeros_like(radians).repeat(2, 1).T
        )


class Color(Renderer):
    """Tints a grey image on black, with a little noise in the tint.

    Args:
        colors: Names of `PALETTE` to use.
        jitter: Half width of the uniform noise added to each channel of an image's tint.

    Raises:
        ValueError: If the palette lacks a color.
    """

    def __init__(self, colors: tuple[str, ...] = tuple(PALETTE), jitter: float = 0.04) -> None:
        super().__init__(Attribute("color", tuple(colors)))
        unknown = set(colors) - set(PALETTE)
        if unknown:
            msg = f"unknown colors {sorted(unknown)}; the palette has {list(PALETTE)}"
            raise ValueError(msg)
        self.tints = torch.tensor([PALETTE[name] for name in colors])
        self.jitter = jitter

    def render(self, images: Tensor, values: Tensor, index: Tensor, seed: int) -> Tensor:
        """See `Renderer.render`; the noise is one tint per image."""
        noise = uniform(seed, "color", index, 3) * 2 - 1
        tints = (self.tints.to(images.device)[values] + self.jitter * noise).clamp(0, 1)
        return images * tints[:, :, None, None]


def warp(images: Tensor, radians: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Rotate, scale and shift images, bilinearly, zeros from outside.

    Args:
        images: (B, C, H, W).
        radians: (B,) counter-clockwise angle.
        scale: (B,) magnification.
        shift: (B, 2) to the right and down, as a share of the side.

    Returns:
        (B, C, H, W).
    """
    cos, sin = torch.cos(radians) / scale, torch.sin(radians) / scale
    theta = torch.stack(
        [
            torch.stack([cos, -sin, -2 * (cos * shift[:, 0] - sin * shift[:, 1])], dim=1),
            torch.stack([sin, cos, -2 * (sin * shift[:, 0] + cos * shift[:, 1])], dim=1),
        ],
        dim=1,
    )
    # Half precision would put pixels in other places.
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(theta.float(), list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, align_corners=False)
