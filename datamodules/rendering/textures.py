"""Textures to fill digits and backgrounds with: drawn from formulas, or read from a folder."""

import math
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import center_crop, resize

from datamodules.storage.image_decoding import read_pixels

SIDE = 64
"""Side in pixels of a drawn texture, which is seamless."""

MOST_PIXELS = 50_000_000
"""Most pixels of a texture that is read from a file."""

Shade = tuple[float, float, float]

SHADES: dict[str, dict[str, tuple[Shade, Shade]]] = {
    "digit": {
        "stripes": ((0.98, 0.62, 0.15), (0.55, 0.20, 0.02)),
        "diagonals": ((0.97, 0.97, 0.97), (0.45, 0.45, 0.45)),
        "checks": ((0.95, 0.30, 0.30), (0.98, 0.85, 0.80)),
        "dots": ((0.98, 0.85, 0.25), (0.60, 0.40, 0.05)),
        "rings": ((0.30, 0.90, 0.95), (0.05, 0.45, 0.60)),
        "waves": ((0.45, 0.60, 1.00), (0.85, 0.92, 1.00)),
        "bricks": ((0.85, 0.45, 0.35), (0.98, 0.80, 0.70)),
        "zigzags": ((0.95, 0.45, 0.90), (0.55, 0.10, 0.55)),
        "marble": ((0.75, 0.95, 0.55), (0.30, 0.60, 0.15)),
        "grain": ((0.90, 0.80, 0.60), (0.50, 0.38, 0.22)),
    },
    "background": {
        "stripes": ((0.06, 0.22, 0.08), (0.16, 0.40, 0.14)),
        "diagonals": ((0.05, 0.08, 0.25), (0.14, 0.20, 0.48)),
        "checks": ((0.10, 0.10, 0.10), (0.28, 0.28, 0.28)),
        "dots": ((0.24, 0.05, 0.08), (0.45, 0.14, 0.16)),
        "rings": ((0.05, 0.20, 0.24), (0.10, 0.38, 0.42)),
        "waves": ((0.02, 0.12, 0.30), (0.10, 0.30, 0.52)),
        "bricks": ((0.26, 0.14, 0.08), (0.42, 0.28, 0.18)),
        "zigzags": ((0.18, 0.05, 0.26), (0.34, 0.14, 0.44)),
        "marble": ((0.20, 0.22, 0.06), (0.38, 0.42, 0.14)),
        "grain": ((0.14, 0.10, 0.06), (0.34, 0.28, 0.20)),
    },
}
"""The two shades of each texture; those of backgrounds are darker than any of the digits'."""


def drawn_textures(place: str) -> dict[str, Tensor]:
    """The textures of `SHADES` for a place, by name, each (3, SIDE, SIDE) float32 in [0, 1]."""
    amounts = _patterns()
    textures = {}
    for name, (first, second) in SHADES[place].items():
        light, dark = (torch.tensor(shade)[:, None, None] for shade in (first, second))
        textures[name] = light + amounts[name] * (dark - light)
    return textures


def _patterns() -> dict[str, Tensor]:
    """How much of the second shade each pixel has, (SIDE, SIDE) in [0, 1]."""
    line = torch.arange(SIDE) * (2 * math.pi / SIDE)
    y, x = torch.meshgrid(line, line, indexing="ij")
    cell = torch.hypot(_within(x, 8), _within(y, 8))
    course = (y * 8 / (2 * math.pi)).floor() % 2
    joint = (_within(y, 8).abs() > 0.38) | (_within(x + course * math.pi / 4, 4).abs() > 0.44)
    noise = torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    tent = (x * 4 / (2 * math.pi) % 1 - 0.5).abs() * 2
    return {
        "stripes": _soft((8 * y).sin()),
        "diagonals": _soft((6 * x + 6 * y).sin()),
        "checks": ((4 * x).sin() * (4 * y).sin() > 0).float(),
        "dots": (cell < 0.3).float(),
        "rings": _soft((torch.hypot(_within(x, 4), _within(y, 4)) * 8 * math.pi).cos()),
        "waves": _soft((8 * y + 2 * (4 * x).sin()).sin()),
        "bricks": joint.float(),
        "zigzags": _soft((8 * y + 2 * math.pi * tent).sin()),
        "marble": _soft(_smoothed(noise, 3)),
        "grain": _soft(_smoothed(noise, 16)),
    }


def _within(place: Tensor, cells: int) -> Tensor:
    """Position within its cell, from -0.5 to 0.5, with a number of cells along each side."""
    return (place * cells / (2 * math.pi)) % 1 - 0.5


def _soft(wave: Tensor) -> Tensor:
    return (2 * wave).sigmoid()


def _smoothed(noise: Tensor, cycles: float) -> Tensor:
    """Noise after a low-pass filter with a cut-off in cycles per side, standardised."""
    frequency = torch.fft.fftfreq(SIDE) * SIDE
    radius = torch.hypot(frequency[:, None], frequency[None])
    kept: Tensor = torch.fft.ifft2(torch.fft.fft2(noise) * (-((radius / cycles) ** 2)).exp()).real
    return (kept - kept.mean()) / kept.std()


def read_textures(folder: Path) -> dict[str, Tensor]:
    """Read the images of a folder, each a texture that is named by its file.

    Args:
        folder: Folder of images, see `read_pixels`; folders in it are left out.

    Returns:
        The textures by name, in alphabetical order, each (3, S, S) float32 in [0, 1], cut to the
        largest central square and scaled to the smallest S among them.

    Raises:
        ValueError: If the folder has fewer than two images, or one cannot be read.
    """
    images: dict[str, Tensor] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir() or path.name.startswith("."):
            continue
        if path.stem in images:
            msg = f"{folder} holds two textures of the name '{path.stem}'; rename one"
            raise ValueError(msg)
        images[path.stem] = read_pixels(path.read_bytes(), str(path), MOST_PIXELS)
    if len(images) < 2:
        msg = (
            f"{folder} holds {len(images)} image(s), expected one for each of at least 2 textures, "
            "named by its file"
        )
        raise ValueError(msg)
    side = min(min(pixels.shape[1:]) for pixels in images.values())
    squares = {n: center_crop(pixels, [min(pixels.shape[1:])]) for n, pixels in images.items()}
    return {n: resize(square, [side, side], antialias=True) / 255 for n, square in squares.items()}
