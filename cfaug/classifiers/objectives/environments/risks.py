"""Losses of environments, and how the weight of a penalty on them grows."""

import torch
from torch import Tensor


def mean_by(values: Tensor, numbers: Tensor) -> Tensor:
    """Means of (B,) values over the images of each of the E numbers (B,) that occur: (E,)."""
    _, place, count = torch.unique(numbers, return_inverse=True, return_counts=True)
    total = torch.zeros(len(count), device=values.device, dtype=values.dtype)
    means: Tensor = total.index_add(0, place, values) / count
    return means


def annealed(weight: float, step: Tensor, warmup: int) -> float:
    """Weight of a penalty after a number of updates: 1 at most during the warm-up."""
    return min(weight, 1.0) if int(step) < warmup else weight


def balanced_sum(risk: Tensor, penalty: Tensor, weight: float) -> Tensor:
    """Risk + weight · penalty, divided by the weight where it is above 1.

    So the gradients keep their size when the weight grows (as in the authors' code of IRM).
    """
    return (risk + weight * penalty) / max(weight, 1.0)
