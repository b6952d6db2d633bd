"""Encoder and decoder of a conditional variational autoencoder, and an adversary on its latent."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AttributeEmbedding(nn.Module):
    """Embeds attribute codes: one vector per value, shared by all combinations, added up.

    What red does is learnt from every red image, so that a combination seen once is still drawn.

    Args:
        cardinalities: Number of values of each attribute.
        width: Length of the embedding.
    """

    def __init__(self, cardinalities: Sequence[int], width: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, width) for n in cardinalities)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, attributes: Tensor) -> Tensor:
        """Embed (B, K) int64 codes as (B, width)."""
        parts = [table(attributes[:, k]) for k, table in enumerate(self.tables)]
        mixed: Tensor = self.mix(torch.stack(parts).sum(0))
        return mixed


class FiLMBlock(nn.Module):
    """Residual block whose normalised features are scaled and shifted by a condition.

    Feature-wise linear modulation, Perez et al., AAAI 2018, section 2.

    Args:
        channels: Channels in and out.
        width: Length of the condition.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels, affine=False)
        self.film = nn.Linear(width, 2 * channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(B, C, H, W) and (B, width) to (B, C, H, W)."""
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.conv1(F.silu(self.norm(x) * (1 + scale) + shift))
        out: Tensor = x + self.conv2(F.silu(h))
        return out


class Encoder(nn.Module):
    """Infers ``q(u | x, z)``: what is left of an image once its attributes are known.

    Args:
        cardinalities: Number of values of each attribute.
        side: Side of the images, a multiple of 4.
        latent: Dimensions of u.
        channels: Channels at half resolution; twice as many at a quarter.
        width: Length of the attribute embedding.
    """

    def __init__(
        self, cardinalities: Sequence[int], side: int, latent: int, channels: int, width: int
    ) -> None:
        super().__init__()
        self.embed = AttributeEmbedding(cardinalities, width)
        self.stem = nn.Conv2d(3, channels, 4, stride=2, padding=1)
        self.block1 = FiLMBlock(channels, width)
        self.down = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)
        self.block2 = FiLMBlock(2 * channels, width)
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, 2 * latent)

    def forward(self, images: Tensor, attributes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of u, each (B, latent), from (B, 3, H, W) and (B, K)."""
        condition = self.embed(attributes)
        h = self.block1(self.stem(images * 2 - 1), condition)
        h = self.block2(self.down(F.silu(h)), condition)
        mean, log_variance = self.head(F.silu(h).flatten(1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)


class Decoder(nn.Module):
    """Draws ``p(x | u, z)``.

    Args:
        cardinalities: Number of values of each attribute.
        side: Side of the images, a multiple of 4.
        latent: Dimensions of u.
        channels: Channels at half resolution; twice as many at a quarter.
        width: Length of the attribute embedding.
    """

    def __init__(
        self, cardinalities: Sequence[int], side: int, latent: int, channels: int, width: int
    ) -> None:
        super().__init__()
        self.embed = AttributeEmbedding(cardinalities, width)
        self.shape = (2 * channels, side // 4, side // 4)
        self.stem = nn.Linear(latent + width, 2 * channels * (side // 4) ** 2)
        self.block1 = FiLMBlock(2 * channels, width)
        self.up = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)
        self.block2 = FiLMBlock(channels, width)
        self.block3 = FiLMBlock(channels, width)
        self.head = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.paint = nn.Conv2d(channels // 2, 3, 3, padding=1)

    def forward(self, latent: Tensor, attributes: Tensor) -> Tensor:
        """Logits of the pixels (B, 3, H, W) from (B, latent) and (B, K)."""
        condition = self.embed(attributes)
        h = self.stem(torch.cat([latent, condition], dim=1)).unflatten(1, self.shape)
        h = self.block1(h, condition)
        h = F.pixel_shuffle(self.up(F.silu(h)), 2)
        h = self.block3(self.block2(h, condition), condition)
        h = F.pixel_shuffle(self.head(F.silu(h)), 2)
        pixels: Tensor = self.paint(F.silu(h)).float()
        return pixels


class LatentAdversary(nn.Module):
    """Reads every attribute from u.

    Args:
        cardinalities: Number of values of each attribute.
        latent: Dimensions of u.
        width: Hidden units.
    """

    def __init__(self, cardinalities: Sequence[int], latent: int, width: int = 256) -> None:
        super().__init__()
        self.cardinalities = list(cardinalities)
        self.net = nn.Sequential(
            nn.Linear(latent, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, sum(cardinalities)),
        )

    def forward(self, latent: Tensor) -> list[Tensor]:
        """Logits (B, |V_k|) of each attribute from (B, latent)."""
        logits: Tensor = self.net(latent)
        return list(torch.split(logits.float(), self.cardinalities, dim=1))
