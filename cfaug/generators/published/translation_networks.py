"""Networks that turn an image into another one, and that judge the result."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def one_hot(attributes: Tensor, cardinalities: Sequence[int]) -> Tensor:
    """The values of all attributes side by side.

    Args:
        attributes: (B, K) int64 codes.
        cardinalities: Number of values of each attribute.

    Returns:
        (B, sum of cardinalities) float32, 0 or 1.
    """
    columns = [F.one_hot(attributes[:, k], n) for k, n in enumerate(cardinalities)]
    return torch.cat(columns, dim=1).float()


def with_maps(images: Tensor, values: Tensor) -> Tensor:
    """Images (B, C, H, W) with a constant map for each of the values (B, V): (B, C + V, H, W)."""
    maps = values[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, maps], dim=1)


class ResidualBlock(nn.Module):
    """Two convolutions with instance normalisation beside the identity.

    Args:
        channels: Channels in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels, affine=True),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        changed: Tensor = x + self.layers(x)
        return changed


class Translator(nn.Module):
    """The generator of CycleGAN and StarGAN: two steps down, residual blocks, two steps up.

    Zhu et al., ICCV 2017, section 4; Choi et al., CVPR 2018, table 4.

    Args:
        values: Maps beside the image, which tell the wanted values.
        channels: Channels at full resolution; twice and four times as many at the next two.
        blocks: Residual blocks at a quarter of the resolution.
    """

    def __init__(self, values: int, channels: int, blocks: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [*_normalised(nn.Conv2d(3 + values, channels, 7, padding=3))]
        for width in (channels, 2 * channels):
            layers += _normalised(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1))
        layers += [ResidualBlock(4 * channels) for _ in range(blocks)]
        for width in (4 * channels, 2 * channels):
            layers += _normalised(nn.ConvTranspose2d(width, width // 2, 4, stride=2, padding=1))
        layers += [nn.Conv2d(channels, 3, 7, padding=3), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor, values: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] and (B, V) to (B, 3, H, W) in [-1, 1]."""
        translated: Tensor = self.layers(with_maps(images, values)).float()
        return translated


def _normalised(layer: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(layer.out_channels, affine=True), nn.ReLU()]


class Critic(nn.Module):
    """Patches judged by a convolutional network (Isola et al., CVPR 2017), and a second head.

    Args:
        inputs: Channels of what is judged.
        outputs: Outputs of the second head for the whole image; with 0 there is none.
        side: Side of the images, a multiple of 4.
        channels: Channels at half resolution; twice as many at a quarter.
    """

    def __init__(self, inputs: int, outputs: int, side: int, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.01),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.01),
            nn.Conv2d(2 * channels, 4 * channels, 3, padding=1),
            nn.LeakyReLU(0.01),
        )
        self.patches = nn.Conv2d(4 * channels, 1, 3, padding=1)
        self.whole = nn.Conv2d(4 * channels, outputs, side // 4, bias=False) if outputs else None

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, 1, H/4, W/4) of patches and outputs (B, ``outputs``) from (B, C, H, W)."""
        h = self.body(images)
        scores: Tensor = self.patches(h).float()
        whole = images.new_zeros(len(images), 0) if self.whole is None else self.whole(h).flatten(1)
        return scores, whole.float()
