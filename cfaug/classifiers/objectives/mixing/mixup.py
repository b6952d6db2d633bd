"""MixUp."""

import torch

from cfaug.classifiers.objectives.erm import CrossEntropy
from cfaug.classifiers.objectives.mixing.mixture import Mixture, beta_sample
from datamodules.attributes import AttributeSpace, Batch
from datamodules.checks import require_above


class MixUp(CrossEntropy):
    """Cross-entropy on convex combinations of two images and their labels.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018: one share λ ~ Beta(α, α)
    for a batch, partners by a random permutation of it, as in the authors' code.

    Args:
        alpha: α, 0.2 or 1.0 in most published tables.

    Raises:
        ValueError: If an option is out of range.
    """

    def __init__(self, alpha: float = 0.2) -> None:
        super().__init__()
        require_above(0, alpha=alpha)
        self.alpha = alpha

    def mixture(self, batch: Batch, space: AttributeSpace) -> Mixture:
        """See `Objective`."""
        images = batch["image"]
        share = beta_sample(self.alpha, (1,), images.device).expand(len(images))
        partner = torch.randperm(len(images), device=images.device)
        return Mixture(partner, share[:, None, None, None], share)
