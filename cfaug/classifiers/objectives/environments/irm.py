"""Invariant risk minimisation."""

from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Seen
from cfaug.classifiers.objectives.environments.risks import Penalised, mean_by


class IRM(Penalised):
    """Losses of environments, and a penalty on a common last layer that is not best in each.

    Arjovsky et al., "Invariant Risk Minimization", 2019, IRMv1, equation IRMv1: for each
    environment the squared derivative of its loss by a factor of the logits, at 1. Loss and penalty
    are means over the environments of a batch, weighted as in `Penalised`.

    Args:
        weight: Weight of the penalty.
        warmup: Updates with a weight of at most 1.
    """

    def __init__(self, weight: float = 100.0, warmup: int = 500) -> None:
        super().__init__(weight, warmup)

    def penalty(self, risks: Tensor, seen: Seen) -> Tensor:
        """See `Penalised`."""
        logits = seen.logits.float()
        # d/dw CE(w z, y) at w = 1 is Σ_c (p_c - 1[c = y]) z_c, so that no second graph is needed.
        slope = logits.softmax(1) - F.one_hot(seen.labels, logits.shape[1])
        return mean_by((slope * logits).sum(1), seen.environments).square().mean()
