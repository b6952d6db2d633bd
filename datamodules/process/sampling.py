"""Which images an epoch draws: all once, or with weights that weaken the confounding."""

from collections.abc import Iterator, Sized
from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.utils.data import Dataset, DistributedSampler

from datamodules.attributes import AttributeSpace
from datamodules.process.noise import uniform

Sampling = Literal["natural", "class_balanced", "balanced", "deconfounded"]

EARLY_DRAWS = 64_000
"""Draws at the start of a run for which deconfounding weights may be larger."""

EARLY_CAP = 10.0
"""Factor by which the cap of the weights is larger for the first `EARLY_DRAWS` draws."""


def sampling_weights(
    attributes: Tensor, space: AttributeSpace, sampling: Sampling, cap: float
) -> Tensor | None:
    """Weights with which images are drawn.

    ``class_balanced`` gives every label the same share, ``balanced`` every combination of values
    that occurs. ``deconfounded``
    gives ``min(w(z), cap)`` with ``w(z) = Π_i p(z_i) / p(z)``. Under w itself the attributes of a
    batch would be independent with their marginals kept, if every combination had an image
    (simulated interventions, Monteiro et al., ICLR 2023, section 3). Under the cap, or without some
    combinations, images are only *partly* deconfounded; `cfaug.auditing.remaining_confounding` says
    how much of the confounding is left.

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
    if sampling == "class_balanced":
        labels = attributes[:, space.label_position]
        return len(labels) / torch.bincount(labels).double()[labels]
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


def emphasised(weights: Tensor | None, emphasis: Tensor | None) -> Tensor | None:
    """Weights (N,) times factors (N,); None, of either, is 1 for every image."""
    if weights is None or emphasis is None:
        return emphasis if weights is None else weights
    return weights * emphasis


def resampled_rows(attributes: Tensor, space: AttributeSpace, seed: int) -> Tensor:
    """Choose rows so that attributes are as independent as the existing combinations allow.

    Uses systematic sampling: every combination gets the share of its deconfounding weights without
    a cap, to within one row.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        seed: Seed of the choice of rows within a combination.

    Returns:
        (N,) int64 row numbers in random order; rows of rare combinations are repeated.
    """
    weights = sampling_weights(attributes, space, "deconfounded", float("inf"))
    assert weights is not None
    noise = uniform(seed, "independent rows", torch.arange(len(attributes)), 2).double()
    order = torch.argsort(space.groups(attributes) + noise[:, 0])
    up_to = weights[order].cumsum(0) / weights.sum() * len(attributes)
    ticks = torch.arange(len(attributes)).double() + 0.5
    chosen = torch.searchsorted(up_to, ticks).clamp(max=len(attributes) - 1)
    return order[chosen][noise[:, 1].argsort()]


def effective_sample_size(weights: Tensor) -> float:
    """Kish's effective sample size, (Σw)² / Σw².

    >>> effective_sample_size(torch.tensor([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / weights.square().sum())


class DrawSampler(DistributedSampler[tuple[int, int]]):
    """Draws images by a seed and the epoch alone, so that a resumed run draws the same images.

    Yields (index, draw): the row of the image, and a number that is unique to the draw in the run.
    Everything random about a draw (its augmentation) is a function of that number, on any worker or
    device. Devices take the draws of an epoch in turn. So several devices, each with its share of a
    batch, together see the same images as one device with the whole batch. (This is a
    DistributedSampler because Lightning leaves those as they are; it would shuffle and divide the
    draws of any other sampler.)

    Args:
        images: The images; only their number is used.
        epoch_size: Number of draws in an epoch. Without weights it may differ from the number of
            images: every image is drawn once before any is drawn again, across epochs.
        seed: Seed of the run.
        weights: (N,) weights to draw with, with replacement; None draws without replacement.
        rank: Number of the device.
        replicas: Number of devices.
        resume_at: Epoch to start in, and number of draws of this device that are already done.
        early_weights: (N,) weights of the first `EARLY_DRAWS` draws of the run; None for `weights`.
    """

    def __init__(
        self,
        images: Sized,
        epoch_size: int,
        seed: int,
        weights: Tensor | None = None,
        rank: int = 0,
        replicas: int = 1,
        resume_at: tuple[int, int] = (0, 0),
        early_weights: Tensor | None = None,
    ) -> None:
        super().__init__(cast("Dataset[Any]", images), replicas, rank, seed=seed)
        self.size = len(images)
        self.epoch_size = epoch_size
        self.weights = weights
        self.early_weights = weights if early_weights is None else early_weights
        self.resume_at = resume_at
        self.set_epoch(resume_at[0])  # loaders with workers draw before Lightning sets the epoch

    def __len__(self) -> int:
        """Number of draws of this device in an epoch."""
        return self.epoch_size // self.num_replicas

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the remaining draws of the epoch."""
        first = self.epoch * self.epoch_size
        if self.weights is not None and self.early_weights is not None:
            generator = self._generator(self.epoch)
            early = min(max(EARLY_DRAWS - first, 0), self.epoch_size)
            shares = (self.early_weights, early), (self.weights, self.epoch_size - early)
            drawn = [torch.multinomial(w, n, True, generator=generator) for w, n in shares if n]
            rows = torch.cat(drawn)
        else:
            last = first + self.epoch_size
            rounds = range(first // self.size, (last - 1) // self.size + 1)
            orders = [torch.randperm(self.size, generator=self._generator(r)) for r in rounds]
            skipped = rounds.start * self.size
            rows = torch.cat(orders)[first - skipped : last - skipped]
        mine = list(enumerate(rows.tolist(), start=first))[self.rank :: self.num_replicas]
        behind = self.resume_at[1] if self.epoch == self.resume_at[0] else 0
        yield from ((row, draw) for draw, row in mine[behind : len(self)])

    def _generator(self, number: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed * 1_000_003 + number) % 2**63)
