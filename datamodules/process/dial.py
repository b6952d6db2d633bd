"""A dial for images whose process nobody knows: which of them to take for a wanted dependence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.confounded_process import resolve_alignment, resolve_strengths
from datamodules.process.interventions import non_label_columns
from datamodules.process.noise import uniform

Strength = float | Mapping[str, float]
Alignment = Mapping[str, Sequence[str | int]]


@dataclass(frozen=True)
class Dial:
    """How much the other attributes depend on the label in the images that are taken.

    Let q be the distribution of the combinations of the other attributes in the largest set of
    images in which they are independent of the label. Given the label y, a combination is one of q,
    in which each attribute has been set to the value aligned with y with probability r. So one
    attribute has ``P(aligned | y) = r + (1 − r) q(aligned)``. At r = 0 nothing depends on the
    label, and the other attributes go together as in q.

    Args:
        space: The attributes.
        strength: r for all attributes except the label, or by name.
        alignment: For some attributes the values tied to the labels, see `resolve_alignment`.
        conflicting_share: Share ε of images whose attribute is not the one aligned with the label,
            for all attributes alike, in the place of the strength. Over labels that come alike it
            is ``(1 − r)`` times the mean of ``1 − q(aligned)``.

    Raises:
        ValueError: If the strength is out of range, or it or the alignment names other attributes,
            or there is none beside the label.
    """

    space: AttributeSpace
    strength: Strength
    alignment: Alignment
    conflicting_share: float | None = None

    def __post_init__(self) -> None:
        if not non_label_columns(self.space):
            msg = f"a strength needs an attribute beside the label, '{self.space.label}'"
            raise ValueError(msg)
        resolve_strengths(self.space, self.strength)
        resolve_alignment(self.space, self.alignment)

    def independent(self, attributes: Tensor, seed: int, name: str) -> Tensor:
        """Take as many images as can be of which no attribute says anything about the label.

        Each combination of the other attributes then comes equally often with every label.

        Args:
            attributes: (N, K) int64 codes of the images to choose from.
            seed: Seed of the choice.
            name: Name of the choice; others are independent of it.

        Returns:
            (M,) int64 positions of those taken, in order.

        Raises:
            ValueError: If there is none.
        """
        common = self._common(self._counts(attributes))
        return self._take(attributes, common.expand(self._labels, *common.shape), seed, name)

    def dependent(
        self,
        attributes: Tensor,
        seed: int,
        name: str,
        size: int | None = None,
        *,
        oracle: bool = False,
    ) -> Tensor:
        """Take images with the dependence, each once.

        Labels come alike, as far as there are images. The number of a combination is within one of
        its share.

        Args:
            attributes: (N, K) int64 codes of the images to choose from.
            seed: Seed of the choice.
            name: Name of the choice; others are independent of it.
            size: Images to take; None for as many as can be had both with and without the
                dependence, all labels alike.
            oracle: Take as many without the dependence, r = 0.

        Returns:
            (M,) int64 positions of those taken, in order.

        Raises:
            ValueError: If there are too few images; the message has the combination that is rarest
                for what is wanted of it.
        """
        counts = self._counts(attributes)
        common = self._common(counts)
        none = [0.0] * len(self._others)
        tied, free = self._shares(common, self._strengths(common)), self._shares(common, none)
        shares = free if oracle else tied
        if size is None:  # as many as the oracle can have, too
            rooms = [_room(counts, each) for each in (tied, free)]
            size = self._labels * int(torch.minimum(*rooms).min())
            if not size:  # the message is of what lacks images
                shares = tied if not rooms[0].min() else free
        sizes = self._sizes(size, _room(counts, shares).tolist(), shares, counts)
        rows = zip(sizes, shares.flatten(1), counts.flatten(1), strict=True)
        wanted = torch.stack([_whole(n, of, most) for n, of, most in rows])
        return self._take(attributes, wanted.view_as(counts), seed, name)

    @property
    def _labels(self) -> int:
        return self.space.cardinalities[self.space.label_position]

    def _counts(self, attributes: Tensor) -> Tensor:
        """(labels, values of the first other attribute, …) numbers of images."""
        columns = non_label_columns(self.space)
        sizes = [self.space.cardinalities[column] for column in columns]
        cells = self._cells(attributes)
        return torch.bincount(cells, minlength=self.space.num_groups).view(self._labels, *sizes)

    def _cells(self, attributes: Tensor) -> Tensor:
        """(N,) the place of each image in the flattened `_counts`."""
        cells = attributes[:, self.space.label_position]
        for column in non_label_columns(self.space):
            cells = cells * self.space.cardinalities[column] + attributes[:, column]
        return cells

    def _common(self, counts: Tensor) -> Tensor:
        """The images of each combination of the others that every label has, q times their sum."""
        common = counts.amin(0)
        if not common.any():
            msg = (
                f"no combination of {'/'.join(self._others)} has an image of every value of "
                f"'{self.space.label}', so that independent attributes cannot be had"
            )
            raise ValueError(msg)
        return common

    @property
    def _others(self) -> list[str]:
        return [self.space.names[column] for column in non_label_columns(self.space)]

    def _strengths(self, common: Tensor) -> list[float]:
        """The strength of each of the other attributes.

        Raises:
            ValueError: If no strength gives the share of conflicting images.
        """
        if self.conflicting_share is None:
            found = resolve_strengths(self.space, self.strength)
            return [found[column] for column in non_label_columns(self.space)]
        aligned = resolve_alignment(self.space, self.alignment)
        strengths = []
        for axis, name in enumerate(self._others):
            alone = common.double().movedim(axis, 0).flatten().view(common.shape[axis], -1).sum(1)
            alone /= common.sum()
            most = 1 - float(alone[aligned[name]].mean())
            if not 0 <= self.conflicting_share <= most:
                msg = (
                    f"conflicting_share is {self.conflicting_share}, expected a number from 0 "
                    f"(total dependence) to {most:.3g} (none of {name})"
                )
                raise ValueError(msg)
            strengths.append(1 - self.conflicting_share / most if most else 0.0)
        return strengths

    def _shares(self, common: Tensor, strengths: list[float]) -> Tensor:
        """Shares of the combinations of the others given the label, in the shape of `_counts`."""
        aligned = resolve_alignment(self.space, self.alignment)
        rows = []
        for label in range(self._labels):
            row = common.double() / common.sum()
            for axis, (name, r) in enumerate(zip(self._others, strengths, strict=True)):
                moved = torch.zeros_like(row)
                moved.select(axis, int(aligned[name][label])).copy_(row.sum(axis))
                row = (1 - r) * row + r * moved
            rows.append(row)
        return torch.stack(rows)

    def _sizes(self, size: int, most: list[int], shares: Tensor, counts: Tensor) -> list[int]:
        """Images of each label: alike, and where a label has too few, more of the others."""
        if not size or sum(most) < size:
            label = most.index(min(most))
            images, wanted = counts[label].flatten(), shares[label].flatten()
            cell = int(torch.where(wanted > 0, images / wanted, torch.inf).argmin())
            rarest = self.space.group_name(self._group(label, cell))
            share = 100 * float(wanted[cell])
            msg = (
                f"{size or 'some'} images are wanted, at most {sum(most)} can be had: of "
                f"({rarest}) there are {int(images[cell])}, and {share:.3g} % of the images of "
                "that label should be of it; take fewer (train_size), another strength or "
                "alignment, or fewer attributes"
            )
            raise ValueError(msg)
        sizes = [0] * len(most)
        for place, label in enumerate(sorted(range(len(most)), key=lambda each: most[each])):
            rest = size - sum(sizes)
            sizes[label] = min(most[label], rest // (len(most) - place))
        return sizes

    def _group(self, label: int, cell: int) -> int:
        """The number of a combination, given its label and its place among those of the label."""
        codes: list[int] = []
        for column in reversed(non_label_columns(self.space)):
            cell, code = divmod(cell, self.space.cardinalities[column])
            codes.insert(0, code)
        codes.insert(self.space.label_position, label)
        return int(self.space.groups(torch.tensor([codes])))

    def _take(self, attributes: Tensor, wanted: Tensor, seed: int, name: str) -> Tensor:
        """Positions of as many images of each combination as are wanted."""
        cells = self._cells(attributes)
        noise = uniform(seed, f"dial/{name}", torch.arange(len(cells)), 1)[:, 0]
        order = noise.argsort(stable=True)
        order = order[cells[order].argsort(stable=True)]
        counts = torch.bincount(cells, minlength=wanted.numel())
        starts = counts.cumsum(0) - counts
        place = torch.arange(len(cells)) - starts[cells[order]]
        return order[place < wanted.flatten()[cells[order]]].sort().values


def _room(counts: Tensor, shares: Tensor) -> Tensor:
    """Most images (labels,) for which every combination has its share, or the next whole number.

    Combinations without an image may together want less than one.
    """
    counts, shares = counts.flatten(1), shares.flatten(1)
    without = (shares * (counts == 0)).sum(1)
    fits = torch.where(shares * counts > 0, counts / shares, torch.inf).amin(1)
    whole = torch.where(without > 0, fits.minimum(1 / without).ceil() - 1, (fits + 1e-6).floor())
    return whole.nan_to_num(posinf=0).long()


def _whole(size: int, shares: Tensor, most: Tensor) -> Tensor:
    """Whole numbers that sum to `size`, within one of ``size * shares``, at most `most`."""
    exact = size * shares
    numbers = exact.floor().long()
    spare = (numbers < most) & (shares > 0)
    order = torch.where(spare, exact - numbers, -1.0).argsort(descending=True, stable=True)
    numbers[order[: size - int(numbers.sum())]] += 1
    return numbers
