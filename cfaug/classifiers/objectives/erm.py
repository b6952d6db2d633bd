"""Empirical risk minimisation."""

from torch import Tensor
from torch.nn import functional as F


def cross_entropy(logits: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """Cross-entropy, mean over images, in nats: ERM, which ignores the groups.

    Args:
        logits: (B, classes).
        labels: (B,) int64.
        groups: (B,) int64.
    """
    return F.cross_entropy(logits, labels)
