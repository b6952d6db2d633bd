"""Losses of environments, and penalties on them."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Beginning, Labels, Objective, Seen


def mean_by(values: Tensor, numbers: Tensor) -> Tensor:
    """Means of (B,) values over the images of each of the E numbers (B,) that occur: (E,)."""
    _, place, count = torch.unique(numbers, return_inverse=True, return_counts=True)
    total = torch.zeros(len(count), device=values.device, dtype=values.dtype)
    means: Tensor = total.index_add(0, place, values) / count
    return means


class Penalised(Objective):
    """The mean loss of the environments of a batch, and a penalty on their losses.

    As in later suites the weight of the penalty is at most 1 for the first updates. Where it is
    above 1 the sum is divided by it, so that gradients keep their size when it grows (as in the
    authors' code of IRM).

    Args:
        weight: Weight of the penalty.
        warmup: Updates with a weight of at most 1.
    """

    uses: ClassVar[Labels] = "training"
    step: Tensor

    def __init__(self, weight: float, warmup: int) -> None:
        super().__init__()
        self.weight, self.warmup = weight, warmup

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        self.register_buffer("step", torch.zeros((), dtype=torch.long))

    @abstractmethod
    def penalty(self, risks: Tensor, seen: Seen) -> Tensor:
        """The penalty, given the losses (E,) of the environments."""

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        weight = min(self.weight, 1.0) if int(self.step) < self.warmup else self.weight
        self.step += 1
        loss = F.cross_entropy(seen.logits.float(), seen.labels, reduction="none")
        risks = mean_by(loss, seen.environments)
        return (risks.mean() + weight * self.penalty(risks, seen)) / max(weight, 1.0)
