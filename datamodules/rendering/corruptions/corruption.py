"""Corruptions as an attribute of images."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from datamodules.attributes import Attribute
from datamodules.rendering.corruptions import blur, digital, pixel_noise, weather
from datamodules.rendering.corruptions.randomness import Randomness
from datamodules.rendering.renderers import Renderer

Corrupt = Callable[[Tensor, Randomness], Tensor]
"""Corrupts images (B, 3, H, W) in [0, 1]; what it returns is cut to [0, 1]."""


def original(images: Tensor, draws: Randomness) -> Tensor:
    """The images as they are."""
    return images


SETS: dict[int, tuple[Corrupt, ...]] = {
    0: (
        weather.snow,
        weather.frost,
        weather.fog,
        digital.brightness,
        digital.contrast,
        weather.spatter,
        digital.elastic,
        digital.jpeg,
        digital.pixelate,
        digital.saturate,
    ),
    1: (
        pixel_noise.gaussian_noise,
        pixel_noise.shot_noise,
        pixel_noise.impulse_noise,
        pixel_noise.speckle_noise,
        blur.gaussian_blur,
        blur.defocus_blur,
        blur.glass_blur,
        blur.motion_blur,
        blur.zoom_blur,
        original,
    ),
}
"""The two sets of ten of corrupted CIFAR-10 (Nam et al., "Learning from Failure", NeurIPS 2020)."""


class Corruption(Renderer):
    """Ten corruptions of photographs, at level 5 of CIFAR-10-C (Hendrycks & Dietterich, ICLR 2019).

    They have the constants for 32 pixels, not those for ImageNet's 224. Frost is drawn, see
    `frost`; the others follow their definitions, with noise that is a function of the image's row.

    Args:
        kind: The set, see `SETS`.
    """

    def __init__(self, kind: Literal[0, 1] = 0) -> None:
        self.corruptions = SETS[kind]
        super().__init__(Attribute("corruption", tuple(c.__name__ for c in self.corruptions)))

    def render(self, images: Tensor, values: Tensor, index: Tensor, seed: int) -> Tensor:
        """See `Renderer.render`; images are (B, 3, H, W)."""
        out = torch.empty_like(images)
        with torch.autocast(images.device.type, enabled=False):  # half precision changes pixels
            for code in torch.unique(values).tolist():
                corrupt, rows = self.corruptions[code], values == code
                draws = Randomness(seed, f"corruption/{corrupt.__name__}", index[rows])
                out[rows] = corrupt(images[rows], draws).clamp(0, 1)
        return out
