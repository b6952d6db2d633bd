"""Deep CORAL."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Labels, Objective, Seen


class DeepCORAL(Objective):
    """Cross-entropy, and the distance between covariances of representations of environments.

    Sun & Saenko, "Deep CORAL", ECCV 2016, equation 1: ‖C_a - C_b‖² / (4 D²) of the covariances of
    D features, here the mean over all pairs of environments that have at least two images of the
    batch.

    Args:
        weight: Weight of the distance.
    """

    uses: ClassVar[Labels] = "training"

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        distance = coral_distance(seen.features.float(), seen.environments)
        return F.cross_entropy(seen.logits, seen.labels) + self.weight * distance


def coral_distance(features: Tensor, environments: Tensor) -> Tensor:
    """The mean over pairs of environments of ‖C_a - C_b‖² / (4 D²); 0 without a pair.

    Args:
        features: (B, D) representations.
        environments: (B,) int64 numbers.
    """
    numbers, counts = torch.unique(environments, return_counts=True)
    several = numbers[counts > 1]
    if len(several) < 2:
        return features.sum() * 0
    covariances = torch.stack([torch.cov(features[environments == e].T) for e in several])
    first, second = torch.triu_indices(len(several), len(several), offset=1)
    squares = (covariances[first] - covariances[second]).square().sum((-2, -1))
    return squares.mean() / (4 * features.shape[1] ** 2)
