"""Which images are for training, validation and testing, where the user does not say."""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.noise import uniform

ORDER = ("test", "train", "val")
"""The splits in the order in which a rare combination of values gets its images."""

TEST, TRAIN, VAL = range(3)

Numbers = NDArray[np.int64]


def draw_splits(
    attributes: Tensor,
    space: AttributeSpace,
    shares: Mapping[str, float],
    seed: int,
    clusters: Tensor | None = None,
) -> list[str]:
    """Divide the images among the splits, person by person, alike for each combination of values.

    1. *Rare combinations first.* Training gets a person of each value of an attribute, for a value
       without a training image cannot be learnt. Then each combination, the rarest first, gets a
       person for testing, then one for training, then one for validation, as far as it has them:
       with one person it is for testing, with three in all splits. At most half of a split is set
       aside so for combinations.
    2. *The rest by shares.* Those with the most images are dealt first, each person to the split
       that lacks most of its share of that person's combinations.

    Without clusters each image counts as a person. Each split then has its share of all images to
    within one. It has its share of each combination to within three images if none is rare, which
    is if one image is at most the share (of ten images at 10 %). What rare combinations take beyond
    their share, the others lack. With clusters shares hold as nearly as whole persons allow, and
    that of all images to within twice the images of the largest person.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        shares: Shares of test and val; the rest is for training.
        seed: Seed of the division.
        clusters: (N,) int64, the number of the person that each image is of; None if nobody knows.

    Returns:
        The split of each image.
    """
    groups = space.groups(attributes).numpy()
    numbers = np.arange(len(groups)) if clusters is None else clusters.numpy()
    owner: Numbers = np.unique(numbers, return_inverse=True)[1]
    deal = _Deal(owner, shares, seed)
    combinations = _Cells.of(groups, owner)
    rarest = np.full(len(deal.sizes), len(groups))
    np.minimum.at(rarest, combinations.persons, combinations.holders)
    # Whose combinations are all common is chosen first, so that a rare one keeps its persons.
    rank = np.lexsort((deal.noise, -rarest)).argsort()
    for column in attributes.T:
        deal.set_aside(TRAIN, _Cells.of(column.numpy(), owner), rank, deal.wanted[TRAIN])
    for split in (TEST, TRAIN, VAL):
        deal.set_aside(split, combinations, rank, deal.wanted[split] / 2)
    deal.leave_none_empty()
    deal.deal_rest(combinations)
    return [ORDER[split] for split in deal.splits[owner].tolist()]


class _Cells(NamedTuple):
    """Pairs of a cell (a combination of values, or a value) and a person with images of it."""

    cells: Numbers
    persons: Numbers
    images: Numbers  # that the person has of the cell
    holders: Numbers  # persons with images of the cell

    @classmethod
    def of(cls, codes: Numbers, owner: Numbers) -> Self:
        """The pairs, sorted by cell, given the cell and the person of each image."""
        cells: Numbers = np.unique(codes, return_inverse=True)[1]
        count = int(owner.max()) + 1
        pairs, images = np.unique(cells * count + owner, return_counts=True)
        cells, persons = np.divmod(pairs, count)
        return cls(cells, persons, images, np.bincount(cells)[cells])


class _Deal:
    """Persons and the splits that they are dealt to, -1 for none yet.

    Args:
        owner: (N,) the person of each image.
        shares: Shares of test and val.
        seed: Seed of the order of persons.
    """

    def __init__(self, owner: Numbers, shares: Mapping[str, float], seed: int) -> None:
        self.sizes: Numbers = np.bincount(owner)
        self.splits: Numbers = np.full(len(self.sizes), -1)
        self.noise = uniform(seed, "splits", torch.arange(len(self.sizes)), 1)[:, 0].numpy()
        every = {"train": 1 - sum(shares.values()), **shares}
        self.shares = [every[split] for split in ORDER]
        self.wanted = [share * len(owner) for share in self.shares]
        self.given = [0] * len(ORDER)

    def _place(self, person: int, split: int) -> None:
        self.splits[person] = split
        self.given[split] += int(self.sizes[person])

    def set_aside(self, split: int, pairs: _Cells, rank: Numbers, most: float) -> None:
        """Give a split a person of each cell that it lacks, the rarest cells first.

        Args:
            split: The split.
            pairs: The cells.
            rank: Place of each person among those to choose from.
            most: Images that the split may have.
        """
        now = self.splits[pairs.persons]
        lacks = ~np.isin(pairs.cells, pairs.cells[now == split])
        cells, persons, _, holders = (values[lacks & (now < 0)] for values in pairs)
        order = np.lexsort((rank[persons], cells, holders))
        bounds = np.flatnonzero(np.diff(cells[order], prepend=-1, append=-1)).tolist()
        persons, smallest = persons[order], self.sizes.min()
        for start, end in pairwise(bounds):
            room = most - self.given[split]
            if room < smallest:
                return
            there = persons[start:end]
            if (self.splits[there] == split).any():  # given for a cell before
                continue
            fitting = there[self.sizes[there] <= room]
            if len(fitting):
                self._place(fitting[0], split)

    def leave_none_empty(self) -> None:
        """Give the smallest person to a split that all were too large for."""
        for split in (TEST, VAL):
            free = np.flatnonzero(self.splits < 0)
            if len(free) and not self.given[split]:
                smallest = np.lexsort((self.noise[free], self.sizes[free]))[0]
                self._place(free[smallest], split)

    def deal_rest(self, pairs: _Cells) -> None:
        """Deal those that are left, each to the split that lacks most of their combinations.

        What a split lacks of a combination is counted as a share of the combination's images, so
        that rare ones weigh as much as others. A split with room for less than half of a person's
        images is full.
        """
        free = np.flatnonzero(self.splits < 0)
        if not len(free):
            return
        order = np.argsort(pairs.persons, kind="stable")
        cells, persons, images, _ = (values[order] for values in pairs)
        bounds = np.searchsorted(persons, np.arange(len(self.sizes) + 1)).tolist()
        all_images = np.bincount(cells, images)
        now = self.splits[persons]
        # Lists are twice as fast as arrays, one number at a time.
        lack = [
            (share - np.bincount(cells, images * (now == split)) / all_images).tolist()
            for split, share in enumerate(self.shares)
        ]
        room = [want - given for want, given in zip(self.wanted, self.given, strict=True)]
        weights, cells, sizes = (images / all_images[cells]).tolist(), cells.tolist(), self.sizes
        free = free[np.lexsort((self.noise[free], -sizes[free]))]
        dealt = []
        for person, size in zip(free.tolist(), sizes[free].tolist(), strict=True):
            own = range(bounds[person], bounds[person + 1])
            most, split = float("-inf"), room.index(max(room))
            for other in (TEST, TRAIN, VAL):
                lacking = lack[other]
                score = sum([weights[k] * lacking[cells[k]] for k in own])
                if score > most and 2 * room[other] >= size:
                    most, split = score, other
            room[split] -= size
            for k in own:
                lack[split][cells[k]] -= weights[k]
            dealt.append(split)
        self.splits[free] = dealt
