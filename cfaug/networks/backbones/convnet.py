"""The convolutional network of classifiers, judges and probes."""

from torch import Tensor, nn

from cfaug.networks.batch_norm import BatchNorm
from cfaug.networks.halvings import halvings


class ConvNet(nn.Module):
    """Maps images to a representation.

    A convolution at full resolution, then one for each halving of the image, see `halvings`, then a
    linear layer.

    Args:
        side: Side of the images in pixels.
        features: Length of the representation.
        channels: Channels at full resolution; twice as many at half, four times below.
    """

    def __init__(self, side: int, features: int = 128, channels: int = 32) -> None:
        super().__init__()
        self.features = features
        layers: list[nn.Module] = []
        before, cells = 3, side
        for level in range(halvings(side) + 1):
            width, stride = channels * min(2**level, 4), 2 if level else 1
            convolution = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
            layers += [convolution, BatchNorm(width), nn.ReLU()]
            before, cells = width, -(-cells // stride)
        linear = nn.Linear(before * cells**2, features, bias=False)
        layers += [nn.Flatten(), linear, BatchNorm(features), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, features) of images (B, 3, H, W) in [0, 1]."""
        representation: Tensor = self.layers(images * 2 - 1).float()
        return representation
