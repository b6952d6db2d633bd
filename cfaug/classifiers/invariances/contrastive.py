"""The supervised contrastive loss over images and their counterfactuals."""

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.invariances.base import Encoded, Invariance


class SupervisedContrastive(Invariance):
    """Draws together the representations of all images and counterfactuals of one label.

    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, L_out of equation 2, over the 2B
    representations of a batch and its counterfactuals, scaled to length 1.

    Args:
        temperature: τ.
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
        """See `Invariance`."""
        features = F.normalize(torch.cat([original.features, edited.features]).float(), dim=1)
        labels = labels.repeat(2)
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        likeness = (features @ features.T / self.temperature).masked_fill(itself, -torch.inf)
        log_share = likeness.log_softmax(1).masked_fill(itself, 0.0)
        positive = (labels[:, None] == labels) & ~itself
        return -((log_share * positive).sum(1) / positive.sum(1)).mean()
