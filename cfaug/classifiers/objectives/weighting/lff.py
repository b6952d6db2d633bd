"""Learning from failure."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.classifiers.objectives.base import Beginning, Objective, Seen
from datamodules.checks import require_above, require_between
from datamodules.process.devices import gather_over_devices


class LfF(Objective):
    """Cross-entropy weighted by how hard an image is for a network that is trained to be biased.

    Nam et al., "Learning from Failure", NeurIPS 2020, algorithm 1. The biased network minimises the
    generalised cross-entropy, in the authors' code q · p^q · CE with p^q held constant. An image
    has the weight CE_b / (CE_b + CE_d) of both networks' losses. As in that code these are moving
    averages of the image's losses, each divided by the largest of its class.

    Args:
        q: Exponent; the larger, the more the biased network learns from what is easy for it.
        decay: Decay of the moving averages.

    Raises:
        ValueError: If an option is out of range.
    """

    biased: nn.Module
    losses: Tensor
    is_seen: Tensor
    classes: Tensor

    def __init__(self, q: float = 0.7, decay: float = 0.7) -> None:
        super().__init__()
        require_above(0, q=q)
        require_between(0, 1, decay=decay)
        self.q, self.decay = q, decay

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        split = beginning.data.splits["train"]
        rows = split.index(torch.arange(len(split)))
        size = int(rows.max()) + 1
        classes = torch.zeros(size, dtype=torch.long)  # also of rows that are of other splits
        classes[rows] = split.attributes[:, beginning.space.label_position]
        self.biased = beginning.make_network()
        self.register_buffer("classes", classes)
        self.register_buffer("losses", torch.zeros(2, size))
        self.register_buffer("is_seen", torch.zeros(size, dtype=torch.bool))

    def forward(self, seen: Seen) -> Tensor:
        """See `Objective`."""
        logits = self.biased(seen.images)
        each = [F.cross_entropy(z, seen.labels, reduction="none") for z in (logits, seen.logits)]
        weight = self._weigh(torch.stack(each).detach().float(), seen.index, seen.labels)
        confidence = (-each[0].detach()).exp()
        return (self.q * confidence**self.q * each[0]).mean() + (weight * each[1]).mean()

    def _weigh(self, now: Tensor, index: Tensor, labels: Tensor) -> Tensor:
        """Update the moving averages by (2, B) losses; the weights (B,) of the images."""
        all_now, all_index = gather_over_devices(now.T).T, gather_over_devices(index)
        kept = self.decay * self.is_seen[all_index]
        self.losses[:, all_index] = kept * self.losses[:, all_index] + (1 - kept) * all_now
        self.is_seen[all_index] = True
        largest = self.losses.new_zeros(2, int(self.classes.max()) + 1)
        largest = largest.scatter_reduce(1, self.classes.expand(2, -1), self.losses, "amax")
        relative = self.losses[:, index] / largest[:, labels].clamp(min=1e-8)
        weight: Tensor = relative[0] / (relative.sum(0) + 1e-8)
        return weight
