"""The focal loss."""

from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Objective, Seen
from datamodules.checks import require_at_least


class Focal(Objective):
    """Cross-entropy weighted by (1 - p)^γ, where p is the probability of the label.

    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 4.

    Args:
        gamma: γ; 0 is the cross-entropy.

    Raises:
        ValueError: If γ is below 0.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        require_at_least(0, gamma=gamma)
        self.gamma = gamma

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        loss = F.cross_entropy(seen.logits, seen.labels, reduction="none")
        # Below what float32 can tell from 0, where the power has no finite slope if γ < 1.
        missing = (1 - (-loss).exp()).clamp(min=1e-8)
        return (missing**self.gamma * loss).mean()
