"""Empirical risk minimisation."""

from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Objective, Seen


class CrossEntropy(Objective):
    """Cross-entropy, mean over images, in nats (ERM)."""

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        return F.cross_entropy(seen.logits, seen.targets)
