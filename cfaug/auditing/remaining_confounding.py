"""Confounding that sampling weights leave, and the missing images that cause it."""

from dataclasses import dataclass
from itertools import combinations

from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.measures import cnf, contingency
from datamodules.process.sampling import sampling_weights

MOST_SHORT = 3
"""Most pairs of values that are named for each pair of attributes."""


@dataclass(frozen=True)
class Short:
    """Two values that occur together less often than if their attributes were independent.

    ``share`` is the actual and ``wanted`` the independent share of the draws, in per cent.
    ``images`` is the number of images with both values.
    """

    values: str
    share: float
    wanted: float
    images: int


@dataclass(frozen=True)
class Remainder:
    """The CNF in nats of two attributes in images drawn with the weights, and its causes."""

    first: str
    second: str
    cnf: float
    short: tuple[Short, ...]


def remainders(attributes: Tensor, space: AttributeSpace, cap: float) -> tuple[Remainder, ...]:
    """The confounding of each pair under the weights of `sampling_weights`, the largest first.

    A combination of values without an image cannot be drawn. The weights of a combination with few
    images are capped. Both leave two attributes dependent.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        cap: Largest weight.
    """
    weights = sampling_weights(attributes, space, "deconfounded", cap)  # partly, under the cap
    assert weights is not None
    found = [
        _remainder(attributes, weights, space, i, j)
        for i, j in combinations(range(len(space.attributes)), 2)
    ]
    return tuple(sorted(found, key=lambda remainder: -remainder.cnf))


def _remainder(
    attributes: Tensor, weights: Tensor, space: AttributeSpace, i: int, j: int
) -> Remainder:
    first, second = space.attributes[i], space.attributes[j]
    sizes = len(first.values), len(second.values)
    drawn = _drawn(attributes, weights, space, i, j)
    images = contingency(attributes[:, i], attributes[:, j], sizes)
    there = images / len(attributes)
    wanted = there.sum(1, keepdim=True) * there.sum(0, keepdim=True)
    lacking = (wanted - drawn).flatten()
    short = tuple(
        Short(
            f"{first.name}={first.values[cell // sizes[1]]}, "
            f"{second.name}={second.values[cell % sizes[1]]}",
            100 * float(drawn.flatten()[cell]),
            100 * float(wanted.flatten()[cell]),
            int(images.flatten()[cell]),
        )
        for cell in lacking.argsort(descending=True)[:MOST_SHORT].tolist()
        if lacking[cell] > 1e-3 * wanted.flatten()[cell]  # beyond rounding
    )
    return Remainder(first.name, second.name, float(cnf(drawn)), short)


def cnf_with_label(
    attributes: Tensor, space: AttributeSpace, weights: Tensor | None
) -> dict[str, float]:
    """CNF in nats of the label with each other attribute, by name, in images that are drawn.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        weights: (N,) weights that images are drawn with; None for all alike.
    """
    label = space.label_position
    return {
        name: float(cnf(_drawn(attributes, weights, space, label, column)))
        for column, name in enumerate(space.names)
        if column != label
    }


def _drawn(
    attributes: Tensor, weights: Tensor | None, space: AttributeSpace, i: int, j: int
) -> Tensor:
    """Share of each pair of values of two attributes among images drawn with weights (N,)."""
    sizes = space.cardinalities[i], space.cardinalities[j]
    drawn = contingency(attributes[:, i], attributes[:, j], sizes, weights)
    return drawn / drawn.sum()
