"""Variance risk extrapolation."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Beginning, Labels, Objective, Seen
from cfaug.classifiers.objectives.environments.risks import annealed, balanced_sum, mean_by


class VREx(Objective):
    """Losses of environments, and their variance.

    Krueger et al., "Out-of-Distribution Generalization via Risk Extrapolation", ICML 2021, equation
    8, with the mean of the losses in the place of their sum. The variance is that of the
    environments of a batch (divided by their number).

    Args:
        weight: β, weight of the variance.
        warmup: Updates with a weight of at most 1.
    """

    uses: ClassVar[Labels] = "training"
    step: Tensor

    def __init__(self, weight: float = 10.0, warmup: int = 500) -> None:
        super().__init__()
        self.weight, self.warmup = weight, warmup

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        self.register_buffer("step", torch.zeros((), dtype=torch.long))

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        weight = annealed(self.weight, self.step, self.warmup)
        self.step += 1
        loss = F.cross_entropy(seen.logits.float(), seen.labels, reduction="none")
        risk = mean_by(loss, seen.environments)
        return balanced_sum(risk.mean(), risk.var(unbiased=False), weight)
