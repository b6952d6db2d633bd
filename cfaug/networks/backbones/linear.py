"""No network: what is above it is linear in the pixels."""

from torch import Tensor, nn


class Linear(nn.Module):
    """Represents an image by its pixels, so that the classifier is linear.

    It has too few weights to know each training image by heart, which few images with strong
    confounding reward.

    Args:
        side: Side of the images.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.features = 3 * side**2

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, 3·H·W) of images (B, 3, H, W) in [0, 1]."""
        return images.flatten(1).float()
