"""GroupDRO."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Beginning, Labels, Objective, Seen
from datamodules.checks import require_at_least
from datamodules.process.devices import sum_over_devices, this_device


class GroupDRO(Objective):
    """The loss of the worst group, followed by weights of the groups.

    Sagawa et al., "Distributionally Robust Neural Networks for Group Shifts", ICLR 2020, algorithm
    1: weights q begin uniform over the groups that have images, each update multiplies that of a
    group by exp(η · its loss) and normalises them, and the loss is Σ q · loss. A group that a batch
    lacks has the loss 0 in it. The authors draw groups ``balanced``, as the YAML of this method
    does. Groups are numbered by `AttributeSpace.groups`, so that no two share a number.

    Args:
        eta: η, step of the weights.
        adjustment: C: C / √size is added to the loss of a group where weights are updated and
            losses summed (section 3.3, group adjustments); as in the authors' code also to that of
            a group that a batch lacks.

    Raises:
        ValueError: If an option is below 0.
    """

    uses: ClassVar[Labels] = "training"
    q: Tensor
    added: Tensor

    def __init__(self, eta: float = 0.01, adjustment: float = 0.0) -> None:
        super().__init__()
        require_at_least(0, eta=eta, adjustment=adjustment)
        self.eta, self.adjustment = eta, adjustment

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        size = beginning.group_sizes()
        self.register_buffer("q", (size > 0).float() / (size > 0).sum())
        self.register_buffer("added", self.adjustment / size.clamp(min=1).sqrt())

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        loss = F.cross_entropy(seen.logits, seen.labels, reduction="none")
        zeros = torch.zeros_like(self.q)
        here = sum_over_devices(zeros.index_add(0, seen.groups, torch.ones_like(loss.float())))
        own = zeros.index_add(0, seen.groups, loss.float()) / here.clamp(min=1)
        with torch.no_grad():
            q = self.q * (self.eta * (sum_over_devices(own) + self.added)).exp()
            self.q.copy_(q / q.sum())
        # Gradients are averaged over devices, each of which has a part of each group's loss.
        return (self.q * (own * this_device()[1] + self.added)).sum()
