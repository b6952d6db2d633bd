"""The interface of an augmentation of training images."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Augmentation(nn.Module, ABC):
    """Changes training images, originals and counterfactuals alike, each in its own way."""

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Changed images of (B, 3, H, W) in [0, 1], in the same range."""
