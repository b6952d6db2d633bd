"""Augmentations of torchvision, drawn anew for each image."""

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from cfaug.classifiers.augmentations.base import Augmentation


class EachImage(Augmentation):
    """Draws a transform anew for each image; torchvision would draw one for the batch.

    Args:
        transform: Takes an image (3, H, W).
    """

    def __init__(self, transform: nn.Module) -> None:
        super().__init__()
        self.transform = transform

    def forward(self, images: Tensor) -> Tensor:
        """See `Augmentation`."""
        return torch.stack([self.transform(image) for image in images])


class ColorJitter(EachImage):
    """Changes brightness, contrast, saturation and hue, see torchvision's ``ColorJitter``.

    Args:
        brightness: Largest relative change of the brightness.
        contrast: Largest relative change of the contrast.
        saturation: Largest relative change of the saturation.
        hue: Largest turn of the hue, in full turns, at most 0.5.
    """

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.5,
    ) -> None:
        super().__init__(v2.ColorJitter(brightness, contrast, saturation, hue))


class Grayscale(EachImage):
    """Makes some images grey, see torchvision's ``RandomGrayscale``.

    Args:
        p: Share of the images.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(v2.RandomGrayscale(p))
