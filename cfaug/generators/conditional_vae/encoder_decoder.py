"""Encoder and decoder of the conditional variational autoencoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.generators.conditional_vae.affine_warp import Warp
from cfaug.generators.conditional_vae.value_vectors import ValueVectors
from cfaug.networks.halvings import halvings


class Modulation(ValueVectors):
    """Scales and shifts features by the attributes of an image, each attribute on its own.

    Feature-wise linear modulation (Perez et al., AAAI 2018, section 2) by a table for each
    attribute: ``h (1 + Σ_k s_k(z_k)) + Σ_k b_k(z_k)``.

    Args:
        cardinalities: Number of values of each attribute.
        channels: Features in and out.
    """

    def __init__(self, cardinalities: Sequence[int], channels: int) -> None:
        super().__init__(cardinalities, 2 * channels, std=0.1)

    def forward(self, features: Tensor, attributes: Tensor) -> Tensor:
        """(B, C, ...) features and (B, K) int64 codes to (B, C, ...)."""
        spread = (..., *[None] * (features.ndim - 2))
        scale, shift = self.added(attributes)[spread].chunk(2, dim=1)
        return features * (1 + scale) + shift


class ModulatedBlock(nn.Module):
    """Residual block whose normalised features are modulated by attributes.

    Args:
        channels: Channels in and out.
        cardinalities: Number of values of each attribute.
    """

    def __init__(self, channels: int, cardinalities: Sequence[int]) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.modulation = Modulation(cardinalities, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, attributes: Tensor) -> Tensor:
        """(B, C, H, W) and (B, K) to (B, C, H, W)."""
        h = self.conv1(F.silu(self.modulation(self.norm(x), attributes)))
        out: Tensor = x + self.conv2(F.silu(h))
        return out


def widths(side: int, channels: int) -> list[int]:
    """Channels after each halving of an image: those given, twice, then three times as many."""
    return [channels * min(2**level, 3) for level in range(halvings(side))]


class Encoder(nn.Module):
    """Infers ``q(u, v | x, z)``: what remains of an image once its attributes are known.

    Args:
        warp: The warp of the decoder; images are moved by its inverse.
        cardinalities: Number of values of each attribute.
        side: Side of the images, a multiple of 4. They are halved as often as `halvings` says.
        latent: Dimensions of u and v together.
        channels: Channels at half resolution, see `widths`.
    """

    def __init__(
        self, warp: Warp, cardinalities: Sequence[int], side: int, latent: int, channels: int
    ) -> None:
        super().__init__()
        self.warp = warp
        self.down, self.blocks = nn.ModuleList(), nn.ModuleList()
        before = 3
        for width in widths(side, channels):
            self.down.append(nn.Conv2d(before, width, 4, stride=2, padding=1))
            self.blocks.append(ModulatedBlock(width, cardinalities))
            before = width
        cells = side // 2 ** len(self.down)
        self.head = nn.Linear(before * cells**2, 2 * latent)

    def forward(self, images: Tensor, attributes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of u and v, each (B, latent), from (B, 3, H, W) and (B, K)."""
        h = self.warp(images, attributes, back=True) * 2 - 1
        for level, (down, block) in enumerate(zip(self.down, self.blocks, strict=True)):
            h = block(down(F.silu(h) if level else h), attributes)
        mean, log_variance = self.head(F.silu(h).flatten(1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)


class Decoder(nn.Module):
    """Draws ``p(x | u, v, z)``. Every attribute can act in every layer, from coarse to fine.

    Args:
        warp: Moves the features of the last layer by the attributes.
        cardinalities: Number of values of each attribute.
        side: Side of the images, a multiple of 4. They are doubled as often as `halvings` says.
        latent: Dimensions of u and v together.
        channels: Channels at half resolution, see `widths`.
    """

    def __init__(
        self, warp: Warp, cardinalities: Sequence[int], side: int, latent: int, channels: int
    ) -> None:
        super().__init__()
        self.side = side
        coarse, *finer = reversed(widths(side, channels))
        cells = -(-side // 2 ** (1 + len(finer)))
        self.shape = (coarse, cells, cells)
        self.stem = nn.Linear(latent, coarse * cells**2)
        self.first = Modulation(cardinalities, self.stem.out_features)
        self.blocks = nn.ModuleList([ModulatedBlock(coarse, cardinalities)])
        self.up = nn.ModuleList()
        before = coarse
        for width in finer:
            self.up.append(nn.Conv2d(before, 4 * width, 3, padding=1))
            self.blocks.append(ModulatedBlock(width, cardinalities))
            before = width
        self.fine = ModulatedBlock(channels, cardinalities)
        self.head = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.warp = warp
        self.last = Modulation(cardinalities, channels // 2)
        self.paint = nn.Conv2d(channels // 2, 3, 3, padding=1)

    def forward(self, latent: Tensor, attributes: Tensor) -> Tensor:
        """Logits of the pixels (B, 3, H, W) from (B, latent) and (B, K)."""
        h = self.first(self.stem(latent), attributes).unflatten(1, self.shape)
        coarse, *finer = self.blocks
        h = coarse(h, attributes)
        for up, block in zip(self.up, finer, strict=True):
            h = block(F.pixel_shuffle(up(F.silu(h)), 2), attributes)
        h = F.pixel_shuffle(self.head(F.silu(self.fine(h, attributes))), 2)
        if h.shape[-1] > self.side:  # whole cells cover more
            edge = (h.shape[-1] - self.side) // 2
            h = h[:, :, edge : edge + self.side, edge : edge + self.side]
        h = self.warp(h, attributes)
        pixels: Tensor = self.paint(F.silu(self.last(h, attributes))).float()
        return pixels

    def norms(self) -> Tensor:
        """Norm of each attribute in each layer, coarse to fine; the last but one is the warp.

        Returns:
            (4 + halvings, K).
        """
        layers = [m for m in self.modules() if isinstance(m, ValueVectors)]
        return torch.stack([layer.norms() for layer in layers])
