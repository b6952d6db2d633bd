"""Edits to look at: the first ones, those that a judge misreads, and the least reversible."""

from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace


class Edits(NamedTuple):
    """Edits of one attribute, a row each.

    Args:
        position: (N,) rows of the test set.
        source: (N, K) codes of the images.
        target: (N, K) codes wanted for the edits.
        read: (N, K) codes that a judge reads from the edits.
        round_trip: (N,) change by the edit and its reverse, mean absolute difference in grey
            levels, 0 to 255.
        images: (N, 3, 3, H, W) in [0, 1]: the image, its edit, and the edit undone.
    """

    position: Tensor
    source: Tensor
    target: Tensor
    read: Tensor
    round_trip: Tensor
    images: Tensor

    def at(self, positions: Tensor) -> "Edits":
        """The rows at some positions."""
        return Edits(*(column[positions] for column in self))

    def agreed(self) -> Tensor:
        """(N,) whether the judge reads every attribute as wanted."""
        return (self.read == self.target).all(dim=1)


class Gallery:
    """Keeps edits of one attribute to show, over all batches.

    Args:
        most: Number of edits of each kind that are kept.

    Attributes:
        kept: ``first`` has the first edits, ``misread`` the first edits from which a judge does not
            read the wanted values, ``farthest`` the edits with the largest round trips.
    """

    def __init__(self, most: int = 8) -> None:
        self.most = most
        self.kept: dict[str, Edits] = {}

    def add(self, edits: Edits) -> None:
        """Add a batch of edits."""
        edits = Edits(*(column.cpu() for column in edits))
        some = torch.arange(len(edits.position))[: self.most]
        wrong = (~edits.agreed()).nonzero()[: self.most, 0]
        far = edits.round_trip.argsort(descending=True, stable=True)[: self.most]
        for kind, positions in {"first": some, "misread": wrong, "farthest": far}.items():
            both = self._with_known(kind, edits.at(positions))
            order = torch.arange(len(both.position))
            if kind == "farthest":
                order = both.round_trip.argsort(descending=True, stable=True)
            self.kept[kind] = both.at(order[: self.most])

    def _with_known(self, kind: str, more: Edits) -> Edits:
        if kind not in self.kept:
            return more
        return Edits(*map(torch.cat, zip(self.kept[kind], more, strict=True)))


COLUMNS = ("image", "attribute", "from", "to", "judges_agree", "read_otherwise", "round_trip")
"""Columns of `table`: row of the test set; the edit; whether the judge reads all wanted values, and
what it reads instead; grey levels by which a pixel differs after the edit and its reverse."""


def table(column: int, edits: Edits, space: AttributeSpace) -> list[list[str | int | float | bool]]:
    """Rows of `COLUMNS` for edits of the attribute at `column`."""
    attribute = space.attributes[column]
    rows: list[list[str | int | float | bool]] = []
    for position, source, target, read, trip, _ in zip(*edits, strict=True):
        otherwise = [
            f"{a.name} {a.values[code]}"
            for a, code, wanted in zip(space.attributes, read, target, strict=True)
            if code != wanted
        ]
        words = attribute.values[source[column]], attribute.values[target[column]]
        agree = not otherwise
        told = agree, ", ".join(otherwise), round(float(trip), 2)
        rows.append([int(position), attribute.name, *words, *told])
    return rows
