"""AugMix."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms import v2

from cfaug.classifiers.objectives.base import Objective, Seen
from datamodules.checks import require_between
from datamodules.process.devices import draws_of_its_own


class AugMix(Objective):
    """Cross-entropy, and agreement between an image and two mixtures of its augmentations.

    Hendrycks et al., "AugMix", ICLR 2020, section 3: the Jensen-Shannon divergence of the three
    predictions, times 12 in the authors' experiments, is added to the cross-entropy of the image.
    Augmentations are torchvision's, without those that change colours or sharpness as in ImageNet-C
    (``all_ops: false``) unless they are asked for.

    Args:
        weight: Weight of the divergence.
        severity: Strength of the augmentations, 1 to 10.
        all_ops: Whether brightness, contrast, colour and sharpness are changed too.

    Raises:
        ValueError: If an option is out of range.
    """

    views: ClassVar[int] = 3

    def __init__(self, weight: float = 12.0, severity: int = 3, *, all_ops: bool = False) -> None:
        super().__init__()
        require_between(1, 10, severity=severity)
        self.weight = weight
        self.augment = v2.AugMix(severity=severity, all_ops=all_ops)

    def show(self, images: Tensor) -> Tensor:
        """See `Objective`."""
        pixels = (images * 255).round().to(torch.uint8)
        with draws_of_its_own(images):
            views = [
                torch.stack([self.augment(image) for image in pixels]).to(images) / 255
                for _ in range(self.views - 1)
            ]
        return torch.cat([images, *views])

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        clean, *_ = seen.logits.chunk(self.views)
        # Not 0, where the entropy has no finite slope.
        shares = seen.logits.float().softmax(1).clamp(min=1e-7)
        divergence = jensen_shannon(shares.view(self.views, *clean.shape))
        return F.cross_entropy(clean, seen.targets) + self.weight * divergence


def jensen_shannon(shares: Tensor) -> Tensor:
    """Jensen-Shannon divergence of (V, B, classes) distributions, mean over B, in nats.

    It is the entropy of the mean less the mean entropy.

    >>> round(float(jensen_shannon(torch.eye(2)[:, None])), 4)
    0.6931
    """
    mixed: Tensor = torch.special.entr(shares.mean(0)).sum(-1)
    each: Tensor = torch.special.entr(shares).sum(-1)
    return (mixed - each.mean(0)).mean()
