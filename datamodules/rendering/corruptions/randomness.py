"""Random numbers of corruptions: functions of the seed and of the image alone."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from datamodules.process.noise import uniform


@dataclass(frozen=True)
class Randomness:
    """Numbers for the images of a batch.

    Args:
        seed: Seed of the experiment.
        name: Name of the corruption; others get independent numbers.
        index: (B,) int64 rows of the images.
    """

    seed: int
    name: str
    index: Tensor

    def uniform(self, what: str, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Numbers (B, ...) of a shape, float32 in [low, high)."""
        drawn = uniform(self.seed, f"{self.name}/{what}", self.index, math.prod(shape))
        return low + (high - low) * drawn.view(-1, *shape)

    def normal(self, what: str, *shape: int, mean: float = 0.0, std: float = 1.0) -> Tensor:
        """Normal numbers (B, ...) of a shape, by the inverse of their distribution function."""
        # At 24 bits no draw is 1, and half a bit keeps it from 0. Apple's GPUs have no float64.
        share = self.uniform(what, *shape).cpu().double() + 2.0**-25
        drawn: Tensor = torch.special.ndtri(share)
        return (mean + std * drawn).float().to(self.index.device)
