"""Encoder and decoder of the conditional variational autoencoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.generators.conditional_vae.affine_warp import Warp
from cfaug.generators.conditional_vae.value_vectors import ValueVectors


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


class Encoder(nn.Module):
    """Infers ``q(u, v | x, z)``: what remains of an image once its attributes are known.

    Args:
        warp: The warp of the decoder; images are moved by its inverse.
        cardinalities: Number of values of each attribute.
        side: Side of the images, a multiple of 4.
        latent: Dimensions of u and v together.
        channels: Channels at half resolution; twice as many at a quarter.
    """

    def __init__(
        self, warp: Warp, cardinalities: Sequence[int], side: int, latent: int, channels: int
    ) -> None:
        super().__init__()
        self.warp = warp
        self.stem = nn.Conv2d(3, channels, 4, stride=2, padding=1)
        self.block1 = ModulatedBlock(channels, cardinalities)
        self.down = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)
        self.block2 = ModulatedBlock(2 * channels, cardinalities)
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, 2 * latent)

    def forward(self, images: Tensor, attributes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of u and v, each (B, latent), from (B, 3, H, W) and (B, K)."""
        images = self.warp(images, attributes, back=True)
        h = self.block1(self.stem(images * 2 - 1), attributes)
        h = self.block2(self.down(F.silu(h)), attributes)
        mean, log_variance = self.head(F.silu(h).flatten(1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)


class Decoder(nn.Module):
    """Draws ``p(x | u, v, z)``. Every attribute can act in every layer, from coarse to fine.

    Args:
        warp: Moves the features of the last layer by the attributes.
        cardinalities: Number of values of each attribute.
        side: Side of the images, a multiple of 4.
        latent: Dimensions of u and v together.
        channels: Channels at half resolution; twice as many at a quarter.
    """

    def __init__(
        self, warp: Warp, cardinalities: Sequence[int], side: int, latent: int, channels: int
    ) -> None:
        super().__init__()
        self.stem = nn.Linear(latent, 2 * channels * (side // 4) ** 2)
        self.first = Modulation(cardinalities, self.stem.out_features)
        self.shape = (2 * channels, side // 4, side // 4)
        self.block1 = ModulatedBlock(2 * channels, cardinalities)
        self.up = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)
        self.block2 = ModulatedBlock(channels, cardinalities)
        self.block3 = ModulatedBlock(channels, cardinalities)
        self.head = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.warp = warp
        self.last = Modulation(cardinalities, channels // 2)
        self.paint = nn.Conv2d(channels // 2, 3, 3, padding=1)

    def forward(self, latent: Tensor, attributes: Tensor) -> Tensor:
        """Logits of the pixels (B, 3, H, W) from (B, latent) and (B, K)."""
        h = self.first(self.stem(latent), attributes).unflatten(1, self.shape)
        h = self.block1(h, attributes)
        h = F.pixel_shuffle(self.up(F.silu(h)), 2)
        h = self.block3(self.block2(h, attributes), attributes)
        h = self.warp(F.pixel_shuffle(self.head(F.silu(h)), 2), attributes)
        pixels: Tensor = self.paint(F.silu(self.last(h, attributes))).float()
        return pixels

    def norms(self) -> Tensor:
        """Norm of each attribute in each layer, coarse to fine, (6, K); the fifth is the warp."""
        layers = [m for m in self.modules() if isinstance(m, ValueVectors)]
        return torch.stack([layer.norms() for layer in layers])
