"""The maximum mean discrepancy between images and counterfactuals, label by label."""

import torch
from torch import Tensor

from cfaug.classifiers.invariances.base import Encoded, Invariance


class ClassConditionalMMD(Invariance):
    """Squared MMD between the representations of images and of counterfactuals of one label.

    Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, the biased estimate of equation 5, with a
    Gaussian kernel whose width is the mean squared distance of the label's representations (held
    constant). The mean over the labels of a batch, weighted by their images.
    """

    def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
        """See `Invariance`."""
        total = torch.zeros((), device=labels.device)
        for label in torch.unique(labels):
            of_label = labels == label
            one, other = original.features[of_label].float(), edited.features[of_label].float()
            total = total + squared_mmd(one, other) * len(one)
        return total / len(labels)


def squared_mmd(one: Tensor, other: Tensor) -> Tensor:
    """The biased estimate of the squared MMD of two samples (N, D) and (N, D)."""
    both = torch.cat([one, other])
    squares = (both[:, None] - both).square().sum(2)
    kernel = (-squares / squares.mean().detach().clamp(min=1e-8)).exp()
    n = len(one)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()
