"""CutMix."""

import torch
from torch import Tensor

from cfaug.classifiers.objectives.erm import CrossEntropy
from cfaug.classifiers.objectives.mixing.mixture import Mixture, beta_sample
from datamodules.attributes import AttributeSpace, Batch
from datamodules.checks import require_above


class CutMix(CrossEntropy):
    """Cross-entropy on images with a box of another image, and labels by the area of the box.

    Yun et al., "CutMix", ICCV 2019, section 3.1: the box has the share 1 - λ of the area, λ ~
    Beta(α, α), and its centre is uniform over the image. One box for a batch; where it is cut at
    the edge, the labels have the share of what is left of it, as in the authors' code.

    Args:
        alpha: α.

    Raises:
        ValueError: If an option is out of range.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        require_above(0, alpha=alpha)
        self.alpha = alpha

    def mixture(self, batch: Batch, space: AttributeSpace) -> Mixture:
        """See `Objective`."""
        images = batch["image"]
        share = beta_sample(self.alpha, (1,), images.device)
        height, width = images.shape[2:]
        outside = ~(_inside(height, share)[:, None] & _inside(width, share)[None])
        partner = torch.randperm(len(images), device=images.device)
        kept = outside.float().mean().expand(len(images))
        return Mixture(partner, outside.float().expand(len(images), 1, height, width), kept)


def _inside(size: int, share: Tensor) -> Tensor:
    """(size,) bool: which rows, or columns, are in the box."""
    half = (size * (1 - share).sqrt()).int() // 2
    centre = torch.randint(size, (1,), device=share.device)
    place = torch.arange(size, device=share.device)
    return (place >= centre - half) & (place < centre + half)
