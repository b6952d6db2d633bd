"""A learnt map of places for each value of each attribute."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SPEED = 3.0
"""Velocities are `SPEED` times the tables: then the learning rate and sparsity of all else suit."""


class Warp(nn.Module):
    """Moves, turns, stretches and shears features by the attributes of an image.

    A spatial transformer (Jaderberg et al., NeurIPS 2015) that reads its affine map from a table
    for each attribute. The tables hold velocities, which are added up: features are read at
    ``exp(Σ_k A_k(z_k))`` of their places, and ``exp(-Σ_k A_k(z_k))`` is the exact way back. What an
    angle does is then learnt from all images with that angle, whatever they show.

    Args:
        cardinalities: Number of values of each attribute.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, 6) for n in cardinalities)
        for table in self.tables:
            nn.init.normal_(cast("nn.Embedding", table).weight, std=0.01 / SPEED)

    def forward(self, features: Tensor, attributes: Tensor, *, back: bool = False) -> Tensor:
        """(B, C, H, W) features and (B, K) int64 codes to (B, C, H, W), `back` the way back."""
        parts = [table(attributes[:, k]) for k, table in enumerate(self.tables)]
        velocity = F.pad(torch.stack(parts).sum(0).view(-1, 2, 3), (0, 0, 0, 1))
        # Half precision would put pixels in other places.
        with torch.autocast(features.device.type, enabled=False):
            velocity = SPEED * velocity.float()
            theta = torch.linalg.matrix_exp(-velocity if back else velocity)[:, :2]
            grid = F.affine_grid(theta, list(features.shape), align_corners=False)
            return F.grid_sample(features.float(), grid, padding_mode="border", align_corners=False)

    def strengths(self) -> Tensor:
        """How much each attribute moves: (K,), root mean squares of the tables."""
        weights = [cast("nn.Embedding", table).weight for table in self.tables]
        # Nowhere zero, where the root has no gradient.
        return torch.stack([(w.square().mean() + 1e-8).sqrt() for w in weights])
