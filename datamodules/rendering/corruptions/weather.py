"""Snow, frost, fog and spatter."""

import torch
from torch import Tensor

from datamodules.rendering.corruptions.blur import moved, smooth, zoomed
from datamodules.rendering.corruptions.randomness import Randomness

MUD = (63 / 255, 42 / 255, 20 / 255)

ICE = (0.85, 0.93, 1.0)

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def _color(color: tuple[float, float, float], like: Tensor) -> Tensor:
    return torch.tensor(color, device=like.device)[:, None, None]


def plasma(draws: Randomness, what: str, side: int, decay: float) -> Tensor:
    """Clouds by the diamond-square algorithm on a torus (Fournier et al., CACM 1982).

    Args:
        draws: Random numbers.
        what: Name of the clouds.
        side: Their side.
        decay: How much less each finer level varies; in squares, as in the benchmark.

    Returns:
        (B, 1, side, side) in [0, 1], from 0 to 1 in each image.
    """
    size = 2
    while size < side:
        size *= 2
    heights = torch.zeros(len(draws.index), size, size, device=draws.index.device)
    step, wobble = size, 100.0
    while step >= 2:
        half = step // 2
        cells = size // step

        def varied(mean: Tensor, name: str, cells: int = cells, wobble: float = wobble) -> Tensor:
            name = f"{what}/{cells}/{name}"
            return mean + wobble**2 * draws.uniform(name, cells, cells, low=-1, high=1)

        corners = heights[:, ::step, ::step]
        right = corners + corners.roll(-1, 2)
        heights[:, half::step, half::step] = varied((right + right.roll(-1, 1)) / 4, "middle")
        middles = heights[:, half::step, half::step]
        rows = right + middles + middles.roll(1, 1)
        columns = corners + corners.roll(-1, 1) + middles + middles.roll(1, 2)
        heights[:, ::step, half::step] = varied(rows / 4, "rows")
        heights[:, half::step, ::step] = varied(columns / 4, "columns")
        step, wobble = half, wobble / decay
    least, most = (of((1, 2), keepdim=True) for of in (heights.amin, heights.amax))
    return ((heights - least) / (most - least))[:, None, :side, :side]


def fog(images: Tensor, draws: Randomness) -> Tensor:
    """Clouds added at one and a half times white."""
    brightest = images.amax((1, 2, 3), keepdim=True)
    clouds = plasma(draws, "clouds", images.shape[-1], 1.75)
    return (images + 1.5 * clouds) * brightest / (brightest + 1.5)


def frost(images: Tensor, draws: Randomness) -> Tensor:
    """Ice at 45 % over an image at 75 %.

    The benchmark has photographs of ice, which are not its authors' own. Here it is drawn: the
    ridges of clouds.
    """
    side = images.shape[-1]
    ridges = 1 - (2 * plasma(draws, "ridges", side, 1.6) - 1).abs()
    grain = plasma(draws, "grain", side, 1.2)
    return 0.75 * images + 0.45 * (0.3 + 0.7 * ridges**2 * (0.4 + 0.6 * grain)) * _color(
        ICE, images
    )


def snow(images: Tensor, draws: Randomness) -> Tensor:
    """Flakes that fall, and the same turned by 180°, over a paler image."""
    side = images.shape[-1]
    layer = zoomed(draws.normal("flakes", 1, side, side, mean=0.3, std=0.3), 1.25)
    layer = torch.where(layer < 0.65, 0.0, layer).clamp(0, 1)
    layer = moved(layer, draws.uniform("angle", 1, low=-135, high=-45)[:, 0], 14, 12.0)
    grey = (images * _color(LUMA, images)).sum(1, keepdim=True)
    paler = 0.8 * images + 0.2 * torch.maximum(images, 1.5 * grey + 0.5)
    return paler + layer + layer.rot90(2, (2, 3))


def spatter(images: Tensor, draws: Randomness) -> Tensor:
    """Drops of mud."""
    side = images.shape[-1]
    liquid = smooth(draws.normal("drops", 1, side, side, mean=0.65, std=0.1), 0.5)
    mask = smooth((liquid > 0.68).float(), 0.6)
    mask = torch.where(mask < 0.8, 0.0, mask)
    return images * (1 - mask) + _color(MUD, images) * mask
