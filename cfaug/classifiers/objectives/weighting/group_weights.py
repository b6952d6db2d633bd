"""Re-weighting of groups."""

from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Beginning, Labels, Objective, Seen


class GroupWeights(Objective):
    """Cross-entropy in which each combination of values counts alike: weights 1 / size.

    Importance weighting towards groups of equal size, on images drawn as they are; the sampling
    ``balanced`` draws instead of weighing. The weights have the mean 1 over the training images.
    """

    uses: ClassVar[Labels] = "training"
    weights: Tensor

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        size = beginning.group_sizes()
        weights = size.sum() / (size.clamp(min=1) * (size > 0).sum())
        self.register_buffer("weights", weights.float())

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        loss = F.cross_entropy(seen.logits, seen.labels, reduction="none")
        return (self.weights[seen.groups] * loss).mean()
