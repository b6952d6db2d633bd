"""The squared distance of two representations."""

from torch import Tensor


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean over images of the squared Euclidean distance between (B, D) representations."""
    return (a - b).square().sum(1).mean()
