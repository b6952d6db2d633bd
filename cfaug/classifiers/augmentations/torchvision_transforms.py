"""Augmentations of torchvision, drawn anew for each image."""

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from cfaug.classifiers.augmentations.base import Augmentation
from datamodules.checks import require_at_least, require_between
from datamodules.process.devices import draws_of_its_own


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
        with draws_of_its_own(images):
            return torch.stack([self.transform(image) for image in images])


class ColorJitter(EachImage):
    """Changes brightness, contrast, saturation and hue, see torchvision's ``ColorJitter``.

    Args:
        brightness: Largest relative change of the brightness.
        contrast: Largest relative change of the contrast.
        saturation: Largest relative change of the saturation.
        hue: Largest turn of the hue, in full turns, at most 0.5.

    Raises:
        ValueError: If an option is out of range.
    """

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.5,
    ) -> None:
        require_at_least(0, brightness=brightness, contrast=contrast, saturation=saturation)
        require_between(0, 0.5, hue=hue)
        super().__init__(v2.ColorJitter(brightness, contrast, saturation, hue))


class Grayscale(EachImage):
    """Makes some images grey, see torchvision's ``RandomGrayscale``.

    Args:
        p: Share of the images.

    Raises:
        ValueError: If it is no share.
    """

    def __init__(self, p: float = 0.5) -> None:
        require_between(0, 1, p=p)
        super().__init__(v2.RandomGrayscale(p))
