"""A learnt map of places for each value of each attribute."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.generators.conditional_vae.value_vectors import ValueVectors

SPEED = 3.0
"""Velocities are `SPEED` times the tables: then the learning rate and sparsity of all else suit."""


class Warp(ValueVectors):
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

    def vectors(self) -> Tensor:
        """See `ValueVectors.vectors`; what all values would do alike, the drawing can do."""
        means = (self.shares[:, :, None] * self.table).sum(1)
        return self.table - means[self.owners]

    def forward(self, features: Tensor, attributes: Tensor, *, back: bool = False) -> Tensor:
        """(B, C, H, W) features and (B, K) int64 codes to (B, C, H, W), `back` the way back."""
        velocity = F.pad(self.added(attributes).view(-1, 2, 3), (0, 0, 0, 1))
        # Half precision would put pixels in other places.
        with torch.autocast(features.device.type, enabled=False):
            velocity = SPEED * velocity.float()
            theta = exponential(-velocity if back else velocity)[:, :2]
            grid = F.affine_grid(theta, list(features.shape), align_corners=False)
            return F.grid_sample(features.float(), grid, padding_mode="border", align_corners=False)


def exponential(matrices: Tensor) -> Tensor:
    """Matrix exponentials of (B, N, N), with a relative error below 1e-5 up to a norm of 8.

    Scaling and squaring of a Taylor polynomial (Moler & Van Loan, SIAM Review 2003, section 3), of
    the same degree for all matrices: ``torch.linalg.matrix_exp`` sorts them by their norms, for
    which a GPU waits several times.
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
