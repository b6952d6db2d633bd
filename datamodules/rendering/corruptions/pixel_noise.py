"""Noise of the pixels."""

import torch
from scipy.stats import poisson
from torch import Tensor

from datamodules.rendering.corruptions.randomness import Randomness


def gaussian_noise(images: Tensor, draws: Randomness) -> Tensor:
    """Normal noise with a standard deviation of 0.1."""
    return images + draws.normal("noise", *images.shape[1:], std=0.1)


def shot_noise(images: Tensor, draws: Randomness) -> Tensor:
    """Counts of photons, 50 for white."""
    share = draws.uniform("noise", *images.shape[1:]).cpu().double()
    counts = torch.from_numpy(poisson.ppf(share.numpy(), 50 * images.cpu().double().numpy()))
    return (counts.clamp(min=0) / 50).float().to(images.device)


def impulse_noise(images: Tensor, draws: Randomness) -> Tensor:
    """7 % of the values are 0 or 1."""
    hit, value = draws.uniform("noise", 2, *images.shape[1:]).unbind(1)
    return torch.where(hit < 0.07, (value < 0.5).float(), images)


def speckle_noise(images: Tensor, draws: Randomness) -> Tensor:
    """Normal noise of a fifth of each value."""
    return images + images * draws.normal("noise", *images.shape[1:], std=0.2)
