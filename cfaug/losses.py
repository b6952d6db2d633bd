"""Losses: plain functions of tensors."""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor
from torch.nn import functional as F


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Negative log-likelihood of Bernoulli pixels, summed over pixels, mean over images, in nats.

    Args:
        logits: (B, C, H, W).
        images: (B, C, H, W) in [0, 1].
    """
    pixels = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return pixels.flatten(1).sum(1).mean()


def cross_entropy(logits: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """Cross-entropy, mean over images, in nats: ERM, in which groups play no part.

    Args:
        logits: (B, classes).
        labels: (B,) int64.
        groups: (B,) int64.
    """
    return F.cross_entropy(logits, labels)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)), summed over dimensions, mean over images, in nats.

    Source: Kingma & Welling, arXiv 1312.6114, appendix B.

    Args:
        mean: (B, D).
        log_variance: (B, D).
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def attribute_loss(logits: Sequence[Tensor], attributes: Tensor) -> Tensor:
    """Cross-entropy of each attribute over that of guessing uniformly, summed over attributes.

    Args:
        logits: ``(B, |V_k|)`` for each attribute.
        attributes: (B, K) int64 codes.
    """
    terms = [F.cross_entropy(x, attributes[:, k]) / log(x.shape[1]) for k, x in enumerate(logits)]
    return torch.stack(terms).sum()


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean over images of the squared Euclidean distance between (B, D) representations."""
    return (a - b).square().sum(1).mean()


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight  # type: ignore[attr-defined]
        return x.view_as(x)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradients[0], None  # type: ignore[attr-defined]


def reverse_gradient(x: Tensor, weight: float) -> Tensor:
    """The identity, whose gradient is multiplied by ``-weight``.

    Source: Ganin et al., JMLR 2016, section 4.2.
    """
    reversed_: Tensor = _Reverse.apply(x, weight)
    return reversed_
