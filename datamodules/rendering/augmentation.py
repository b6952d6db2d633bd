"""Augmentation that keeps every attribute."""

import math

import torch
from torch import Tensor

from datamodules.process.noise import uniform
from datamodules.rendering.renderers import warp


def mirror(images: Tensor, draw: Tensor, seed: int) -> Tensor:
    """Mirror half of the images, left to right.

    Args:
        images: (B, C, H, W).
        draw: (B,) int64 numbers of the draws; the same number always gives the same change.
        seed: Seed of the run.

    Returns:
        (B, C, H, W).
    """
    mirrored = uniform(seed, "flip", draw, 1)[:, :, None, None] < 0.5
    return torch.where(mirrored, images.flip(3), images)


def jiggle(
    images: Tensor, draw: Tensor, seed: int, rotation: float, shift: float, scale: float
) -> Tensor:
    """Rotate, shift and scale half of the images a little.

    The others stay as they are. Moving an image blurs it, and a network that saw no sharp image in
    training misreads sharp images afterwards.

    Args:
        images: (B, C, H, W).
        draw: (B,) int64 numbers of the draws; the same number always gives the same change.
        seed: Seed of the run.
        rotation: Largest rotation in degrees.
        shift: Largest shift, as a share of the side.
        scale: Largest relative change of size.

    Returns:
        (B, C, H, W).
    """
    amount = uniform(seed, "jiggle", draw, 5) * 2 - 1
    amount = amount[:, :4] * (amount[:, 4:] < 0)
    radians = amount[:, 0] * (rotation * math.pi / 180)
    return warp(images, radians, torch.exp(amount[:, 1] * math.log1p(scale)), amount[:, 2:] * shift)
