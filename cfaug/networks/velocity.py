"""A small U-Net that says where pixels go between noise and image, for flow matching."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.networks.conditional_vae import Modulation

FREQUENCIES = 16


class TimedBlock(nn.Module):
    """Residual block modulated by attributes, then by time.

    Args:
        channels: Channels in and out.
        cardinalities: Number of values of each attribute.
        time: Features of the time.
    """

    def __init__(self, channels: int, cardinalities: Sequence[int], time: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, channels), nn.GroupNorm(8, channels)
        self.attributes = Modulation(cardinalities, channels)
        self.time = nn.Linear(time, 2 * channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor, attributes: Tensor, time: Tensor, known: Tensor) -> Tensor:
        """(B, C, H, W), (B, K), (B, T), and (B, 1) with 0 where attributes are not told."""
        scale, shift = (self.attributes.added(attributes) * known)[..., None, None].chunk(2, 1)
        h = self.conv1(F.silu(self.norm1(x) * (1 + scale) + shift))
        scale, shift = self.time(time)[..., None, None].chunk(2, 1)
        out: Tensor = x + self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return out


class Velocity(nn.Module):
    """``v(x_t, t, z)`` of images in [-1, 1], which are seen as patches of 2 x 2 pixels.

    Args:
        cardinalities: Number of values of each attribute.
        channels: Channels at half resolution; twice as many at a quarter.
    """

    def __init__(self, cardinalities: Sequence[int], channels: int) -> None:
        super().__init__()
        time = 2 * channels
        self.time = nn.Sequential(
            nn.Linear(2 * FREQUENCIES, time), nn.SiLU(), nn.Linear(time, time), nn.SiLU()
        )
        self.stem = nn.Conv2d(12, channels, 3, padding=1)
        self.fine = TimedBlock(channels, cardinalities, time)
        self.down = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)
        self.coarse1 = TimedBlock(2 * channels, cardinalities, time)
        self.coarse2 = TimedBlock(2 * channels, cardinalities, time)
        self.up = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)
        self.join = nn.Conv2d(2 * channels, channels, 1)
        self.fine1 = TimedBlock(channels, cardinalities, time)
        self.fine2 = TimedBlock(channels, cardinalities, time)
        self.norm = nn.GroupNorm(8, channels)
        self.head = nn.Conv2d(channels, 12, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor, attributes: Tensor, known: Tensor) -> Tensor:
        """(B, 3, H, W), (B,) in [0, 1], (B, K) and (B, 1) to (B, 3, H, W)."""
        rates = torch.linspace(0, math.log(100), FREQUENCIES, device=t.device).exp()
        angles = t[:, None] * rates
        told = attributes, self.time(torch.cat([angles.sin(), angles.cos()], dim=1)), known
        fine = self.fine(self.stem(F.pixel_unshuffle(x, 2)), *told)
        h = self.coarse2(self.coarse1(self.down(F.silu(fine)), *told), *told)
        h = self.join(torch.cat([F.pixel_shuffle(self.up(F.silu(h)), 2), fine], dim=1))
        h = self.head(F.silu(self.norm(self.fine2(self.fine1(h, *told), *told))))
        return F.pixel_shuffle(h, 2).float()
