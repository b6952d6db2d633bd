"""A learnt map of coordinates for each value of each attribute."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.generators.conditional_vae.value_vectors import ValueVectors

SPEED = 3.0
"""Velocities are `SPEED` times the tables, so that one learning rate and one sparsity suit all."""


class Warp(ValueVectors):
    """Moves, turns, stretches and shears features by the attributes of an image.

    A spatial transformer (Jaderberg et al., NeurIPS 2015) that reads its affine map from a table
    for each attribute. The tables hold velocities, which are added up. Features are read at their
    coordinates times ``exp(Σ_k A_k(z_k))``; ``exp(-Σ_k A_k(z_k))`` is the exact inverse. So the
    effect of an angle is learnt from all images with that angle.

    Args:
        cardinalities: Number of values of each attribute.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        super().__init__(cardinalities, 6, std=0.01 / SPEED)

    def vectors(self) -> Tensor:
        """See `ValueVectors.vectors`; minus their mean over values, which the decoder can draw."""
        means = (self.shares[:, :, None] * self.table).sum(1)
        return self.table - means[self.owners]

    def forward(self, features: Tensor, attributes: Tensor, *, back: bool = False) -> Tensor:
        """(B, C, H, W) features and (B, K) int64 codes to (B, C, H, W); `back` for the inverse."""
        velocity = F.pad(self.added(attributes).view(-1, 2, 3), (0, 0, 0, 1))
        # Half precision would displace pixels.
        with torch.autocast(features.device.type, enabled=False):
            velocity = SPEED * velocity.float()
            theta = exponential(-velocity if back else velocity)[:, :2]
            grid = F.affine_grid(theta, list(features.shape), align_corners=False)
            return F.grid_sample(features.float(), grid, padding_mode="border", align_corners=False)


def exponential(matrices: Tensor) -> Tensor:
    """Matrix exponentials of (B, N, N), with a relative error below 1e-5 up to a norm of 8.

    Scaling and squaring of a Taylor polynomial (Moler & Van Loan, SIAM Review 2003, section 3), of
    the same degree for all matrices. ``torch.linalg.matrix_exp`` sorts them by their norms instead,
    which makes a GPU wait several times.
    """
    squarings, degree = 4, 6
    scaled = matrices / 2**squarings
    one = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    result: Tensor = one + scaled / degree
    for k in range(degree - 1, 0, -1):
        result = torch.baddbmm(one, scaled, result, alpha=1 / k)
    for _ in range(squarings):
        result = result @ result
    return result
