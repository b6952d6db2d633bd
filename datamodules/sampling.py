"""Which images an epoch draws: all once, or with weights that undo the confounding."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import Sampler

from datamodules.attributes import AttributeSpace

Sampling = Literal["natural", "balanced", "deconfounded"]


def sampling_weights(
    attributes: Tensor, space: AttributeSpace, sampling: Sampling, cap: float
) -> Tensor | None:
    """Weights with which images are drawn.

    ``balanced`` gives every combination of values that occurs the same share. ``deconfounded``
    gives ``w(z) = Π_i p(z_i) / p(z)``, under which the attributes of a batch are independent with
    their marginals kept (simulated interventions, Monteiro et al., ICLR 2023, section 3).

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        sampling: Kind of weights.
        cap: Largest deconfounding weight; in independent data every weight is 1.

    Returns:
        (N,) float64, not normalised, or None for natural sampling.
    """
    if sampling == "natural":
        return None
    groups = space.groups(attributes)
    group_share = torch.bincount(groups, minlength=space.num_groups).double() / len(groups)
    if sampling == "balanced":
        return 1 / group_share[groups]
    weights = 1 / group_share[groups]
    for column, cardinality in enumerate(space.cardinalities):
        values = attributes[:, column]
        share = torch.bincount(values, minlength=cardinality).double() / len(values)
        weights = weights * share[values]
    return weights.clamp(max=cap)


def effective_sample_size(weights: Tensor) -> float:
    """Kish's effective sample size, (Σw)² / Σw².

    >>> effective_sample_size(torch.tensor([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / weights.square().sum())


class DrawSampler(Sampler[tuple[int, int]]):
    """Draws images by a seed and the epoch alone, so that a resumed run draws what it would have.

    Yields (index, draw): the row of the image, and a number that no other draw of the run has. What
    is random about a draw (its augmentation) is a function of that number, whichever worker or
    device it lands on. Lightning calls `set_epoch` and deals the draws to the devices in turn.

    Args:
        size: Number of images.
        epoch_size: Number of draws in an epoch. Unweighted, it need not be the number of images:
            every image is drawn once before any is drawn again, across epochs.
        seed: Seed of the experiment.
        weights: (N,) weights to draw with, with replacement; None draws without replacement.
    """

    def __init__(
        self, size: int, epoch_size: int, seed: int, weights: Tensor | None = None
    ) -> None:
        self.size = size
        self.epoch_size = epoch_size
        self.seed = seed
        self.weights = weights
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose draws come next."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of draws in an epoch."""
        return self.epoch_size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the draws of the epoch."""
        first = self.epoch * self.epoch_size
        if self.weights is not None:
            generator = self._generator(self.epoch)
            rows = torch.multinomial(self.weights, self.epoch_size, True, generator=generator)
        else:
            last = first + self.epoch_size
            rounds = range(first // self.size, (last - 1) // self.size + 1)
            orders = [torch.randperm(self.size, generator=self._generator(r)) for r in rounds]
            skipped = rounds.start * self.size
            rows = torch.cat(orders)[first - skipped : last - skipped]
        yield from zip(rows.tolist(), range(first, first + self.epoch_size), strict=True)

    def _generator(self, number: int) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed * 1_000_003 + number)
