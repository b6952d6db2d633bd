"""Invariant risk minimisation."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Beginning, Labels, Objective, Seen
from cfaug.classifiers.objectives.environments.risks import annealed, balanced_sum, mean_by


class IRM(Objective):
    """Losses of environments, and a penalty on a common last layer that is not best in each.

    Arjovsky et al., "Invariant Risk Minimization", 2019, IRMv1, equation IRMv1: for each
    environment the squared derivative of its loss by a factor of the logits, at 1. Loss and penalty
    are means over the environments of a batch. As in later suites the weight of the penalty is at
    most 1 for the first updates.

    Args:
        weight: Weight of the penalty.
        warmup: Updates with a weight of at most 1.
    """

    uses: ClassVar[Labels] = "training"
    step: Tensor

    def __init__(self, weight: float = 100.0, warmup: int = 500) -> None:
        super().__init__()
        self.weight, self.warmup = weight, warmup

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        self.register_buffer("step", torch.zeros((), dtype=torch.long))

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        weight = annealed(self.weight, self.step, self.warmup)
        self.step += 1
        logits = seen.logits.float()
        risk = mean_by(F.cross_entropy(logits, seen.labels, reduction="none"), seen.environments)
        # d/dw CE(w z, y) at w = 1 is Σ_c (p_c - 1[c = y]) z_c, so that no second graph is needed.
        slope = logits.softmax(1) - F.one_hot(seen.labels, logits.shape[1])
        penalty = mean_by((slope * logits).sum(1), seen.environments).square()
        return balanced_sum(risk.mean(), penalty.mean(), weight)
