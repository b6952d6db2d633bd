"""The network of the LfF and DFA protocols on coloured MNIST."""

from itertools import pairwise

from torch import Tensor, nn


class MLP(nn.Module):
    """Three layers of 100 units with ReLUs on the pixels.

    Nam et al., "Learning from Failure", NeurIPS 2020, appendix; the last layer, 100 to the classes,
    is the classifier's.

    Args:
        side: Side of the images.
    """

    features = 100

    def __init__(self, side: int) -> None:
        super().__init__()
        sizes = [3 * side**2, 100, 100, self.features]
        layers: list[nn.Module] = [nn.Flatten()]
        for size, units in pairwise(sizes):
            layers += [nn.Linear(size, units), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, 100) of images (B, 3, H, W) in [0, 1]."""
        representation: Tensor = self.layers(images).float()
        return representation
