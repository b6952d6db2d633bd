"""An adversary that reads attributes from the latent, and the gradient reversal against it."""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LatentAdversary(nn.Module):
    """Reads attributes from latents, and from whatever else it is told.

    Args:
        cardinalities: Number of values of each attribute that it reads.
        latent: Dimensions of what it is given.
        width: Hidden units.
    """

    def __init__(self, cardinalities: Sequence[int], latent: int, width: int = 256) -> None:
        super().__init__()
        self.cardinalities = list(cardinalities)
        self.net = nn.Sequential(
            nn.Linear(latent, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, sum(cardinalities)),
        )

    def forward(self, latent: Tensor) -> list[Tensor]:
        """Logits ``(B, |V_k|)`` of each attribute from (B, latent)."""
        logits: Tensor = self.net(latent)
        return list(torch.split(logits.float(), self.cardinalities, dim=1))


def attribute_loss(logits: Sequence[Tensor], attributes: Tensor) -> Tensor:
    """Cross-entropy of each attribute divided by that of uniform guessing, summed over attributes.

    Args:
        logits: ``(B, |V_k|)`` for each attribute.
        attributes: (B, K) int64 codes.
    """
    terms = [F.cross_entropy(x, attributes[:, k]) / log(x.shape[1]) for k, x in enumerate(logits)]
    return torch.stack(terms).sum()


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight  # type: ignore[attr-defined]
        return x.view_as(x)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradients[0], None  # type: ignore[attr-defined]


def reverse_gradient(x: Tensor, weight: float) -> Tensor:
    """Return the input unchanged; its gradient is multiplied by ``-weight``.

    Source: Ganin et al., JMLR 2016, section 4.2.
    """
    reversed_: Tensor = _Reverse.apply(x, weight)
    return reversed_
