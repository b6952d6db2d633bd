"""The small convolutional network of classifiers, judges and probes."""

from torch import Tensor, nn

from cfaug.networks.batch_norm import BatchNorm


class ConvNet(nn.Module):
    """Maps small images to a representation.

    Args:
        side: Side of the images, a multiple of 4.
        features: Length of the representation.
        channels: Channels at full resolution; twice and four times as many at the next two.

    Raises:
        ValueError: If the side is not a multiple of 4.
    """

    def __init__(self, side: int, features: int = 128, channels: int = 32) -> None:
        super().__init__()
        if side % 4:
            msg = f"images are {side} pixels wide; this network needs a side divisible by 4"
            raise ValueError(msg)
        self.features = features
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1, bias=False),
            BatchNorm(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1, bias=False),
            BatchNorm(2 * channels),
            nn.ReLU(),
            nn.Conv2d(2 * channels, 4 * channels, 3, stride=2, padding=1, bias=False),
            BatchNorm(4 * channels),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * channels * (side // 4) ** 2, features, bias=False),
            BatchNorm(features),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, features) of images (B, 3, H, W) in [0, 1]."""
        representation: Tensor = self.layers(images * 2 - 1).float()
        return representation
