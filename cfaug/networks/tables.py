"""What each value of each attribute adds to a layer."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AttributeTables(nn.Module):
    """A table of vectors for each attribute; those of an image's values are added up.

    What red does is then learnt from every red image, so that a combination seen once, or never,
    is still drawn.

    Args:
        cardinalities: Number of values of each attribute.
        width: Length of the vectors.
        std: Standard deviation of what the tables start with.
    """

    def __init__(self, cardinalities: Sequence[int], width: int, std: float) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, width) for n in cardinalities)
        for table in self.tables:
            nn.init.normal_(cast("nn.Embedding", table).weight, std=std)

    def vectors(self, attribute: int) -> Tensor:
        """``(|V_k|, width)``, what each value of an attribute adds."""
        return cast("nn.Embedding", self.tables[attribute]).weight

    def added(self, attributes: Tensor) -> Tensor:
        """(B, K) int64 codes to (B, width)."""
        count = len(self.tables)
        parts = [F.embedding(attributes[:, k], self.vectors(k)) for k in range(count)]
        return torch.stack(parts).sum(0)

    def strengths(self) -> Tensor:
        """How much each attribute does here: (K,), root mean squares of its vectors."""
        vectors = [self.vectors(k) for k in range(len(self.tables))]
        # Nowhere zero, where the root has no gradient.
        return torch.stack([(v.square().mean() + 1e-8).sqrt() for v in vectors])
