"""The focal loss."""

from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Objective, Seen


class Focal(Objective):
    """Cross-entropy weighted by (1 - p)^γ, where p is the probability of the label.

    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 4.

    Args:
        gamma: γ; 0 is the cross-entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        loss = F.cross_entropy(seen.logits, seen.labels, reduction="none")
        return ((1 - (-loss).exp()) ** self.gamma * loss).mean()
