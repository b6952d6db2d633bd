"""Vectors that each value of each attribute adds to a layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ValueVectors(nn.Module):
    """A vector for each value of each attribute; the vectors of an image's values are added up.

    So the effect of red is learnt from every red image, and a combination with one image or none
    can still be drawn.

    Args:
        cardinalities: Number of values of each attribute.
        width: Length of the vectors.
        std: Standard deviation of the initial vectors.
    """

    starts: Tensor
    owners: Tensor
    shares: Tensor

    def __init__(self, cardinalities: Sequence[int], width: int, std: float) -> None:
        super().__init__()
        sizes = torch.tensor(cardinalities)
        owners = torch.arange(len(sizes)).repeat_interleave(sizes)
        # One parameter for all attributes: many small operations are slow on a GPU.
        self.table = nn.Parameter(std * torch.randn(len(owners), width))
        self.register_buffer("starts", sizes.cumsum(0) - sizes, persistent=False)
        self.register_buffer("owners", owners, persistent=False)
        shares = F.one_hot(owners).T / sizes[:, None]
        self.register_buffer("shares", shares, persistent=False)

    def vectors(self) -> Tensor:
        """``(Σ_k |V_k|, width)``: the vector of each value, attribute by attribute."""
        return self.table

    def added(self, attributes: Tensor) -> Tensor:
        """(B, K) int64 codes to (B, width)."""
        return F.embedding(attributes + self.starts, self.vectors()).sum(1)

    def norms(self) -> Tensor:
        """Norm of each attribute in this layer: (K,), root mean squares of its vectors."""
        squares = self.vectors().square().mean(1)
        # Never exactly zero: the root has no gradient there.
        return ((self.shares * squares).sum(1) + 1e-8).sqrt()
