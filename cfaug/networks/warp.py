"""A learnt map of places for each value of each attribute."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.networks.tables import AttributeTables

SPEED = 3.0
"""Velocities are `SPEED` times the tables: then the learning rate and sparsity of all else suit."""


class Warp(AttributeTables):
    """Moves, turns, stretches and shears features by the attributes of an image.

    A spatial transformer (Jaderberg et al., NeurIPS 2015) that reads its affine map from a table
    for each attribute. The tables hold velocities, which are added up: features are read at
    ``exp(Σ_k A_k(z_k))`` of their places, and ``exp(-Σ_k A_k(z_k))`` is the exact way back. What an
    angle does is then learnt from all images with that angle, whatever they show.

    Args:
        cardinalities: Number of values of each attribute.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        super().__init__(cardinalities, 6, std=0.01 / SPEED)

    def vectors(self, attribute: int) -> Tensor:
        """See `AttributeTables.vectors`; what all values would do alike, the drawing can do."""
        vectors = super().vectors(attribute)
        return vectors - vectors.mean(0)

    def forward(self, features: Tensor, attributes: Tensor, *, back: bool = False) -> Tensor:
        """(B, C, H, W) features and (B, K) int64 codes to (B, C, H, W), `back` the way back."""
        velocity = F.pad(self.added(attributes).view(-1, 2, 3), (0, 0, 0, 1))
        # Half precision would put pixels in other places.
        with torch.autocast(features.device.type, enabled=False):
            velocity = SPEED * velocity.float()
            theta = torch.linalg.matrix_exp(-velocity if back else velocity)[:, :2]
            grid = F.affine_grid(theta, list(features.shape), align_corners=False)
            return F.grid_sample(features.float(), grid, padding_mode="border", align_corners=False)
