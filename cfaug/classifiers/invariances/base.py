"""The interface of an invariance term."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class Encoded(NamedTuple):
    """Representations (B, D) of images, and their logits (B, classes)."""

    features: Tensor
    logits: Tensor


class Invariance(nn.Module, ABC):
    """How much the classifier's view of images and of their counterfactuals differs.

    D of `Classifier`.
    """

    @abstractmethod
    def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
        """The difference, a mean over images.

        Args:
            original: Of the images.
            edited: Of a counterfactual of each.
            labels: (B,) int64; of mixed images those that prevail.
        """
