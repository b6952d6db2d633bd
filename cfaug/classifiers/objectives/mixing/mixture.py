"""Mixtures of two images of a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from datamodules.attributes import AttributeSpace
from datamodules.process.devices import random_like


@dataclass(frozen=True)
class Mixture:
    """Mixes each image of a batch with a partner in the batch.

    Args:
        partner: (B,) int64 positions of the partners; its own position leaves an image as it is.
        share: (B, 1, H, W), or (B, 1, 1, 1) for all pixels alike: the share of the image in each
            pixel, in [0, 1]. The rest is the partner's.
        label_share: (B,) share of the image in the target, in [0, 1].
    """

    partner: Tensor
    share: Tensor
    label_share: Tensor

    def images(self, images: Tensor) -> Tensor:
        """Mix images (B, 3, H, W)."""
        return self.share * images + (1 - self.share) * images[self.partner]

    def targets(self, labels: Tensor, classes: int) -> Tensor:
        """The shares (B, classes) of the classes in the mixed images, given labels (B,)."""
        own = F.one_hot(labels, classes).to(self.label_share.dtype)
        share = self.label_share[:, None]
        return share * own + (1 - share) * own[self.partner]


def alike(attributes: Tensor, space: AttributeSpace) -> tuple[Tensor, Tensor]:
    """Which images of a batch share their label, and which share all other attributes.

    Args:
        attributes: (B, K) int64 codes.
        space: The attributes.

    Returns:
        Two (B, B) bool.
    """
    labels, others = attributes[:, space.label_position], space.environments(attributes)
    return labels[:, None] == labels, others[:, None] == others


def random_partner(allowed: Tensor) -> Tensor:
    """Choose for each image a random partner.

    Args:
        allowed: (B, B) bool: whether the image of the row may be mixed with that of the column.

    Returns:
        (B,) int64 positions; an image without any allowed partner gets itself.
    """
    chosen = torch.where(allowed, random_like(torch.rand, allowed), -1.0).max(1)
    return torch.where(chosen.values < 0, torch.arange(len(allowed)).to(allowed.device), chosen[1])


def beta_sample(alpha: float, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Samples of Beta(alpha, alpha), of a shape."""
    concentration = torch.full(shape, alpha)
    return torch.distributions.Beta(concentration, concentration).sample().to(device)
