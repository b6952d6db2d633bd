"""Combinations of values with few images, named by the attributes that matter alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cfaug.auditing.attribute_audit import PairAudit
from datamodules.attributes import MOST_GROUPS, AttributeSpace

MOST_NAMED = 20
"""Combinations that are named, those with the fewest images."""


@dataclass(frozen=True)
class Thin:
    """Combinations of the values of some attributes, the label first.

    Args:
        names: The attributes.
        combinations: How many there could be.
        empty: How many have no image.
        rare: How many have few.
        images: Images of `MOST_NAMED` of these, by the values with a stroke between.
    """

    names: tuple[str, ...]
    combinations: int
    empty: int
    rare: int
    images: dict[str, int]


def thin_combinations(
    attributes: Tensor, space: AttributeSpace, pairs: Sequence[PairAudit], few: int
) -> Thin | None:
    """Combinations of the label with the attributes that go with it most, one of them or two.

    With 40 attributes nearly no combination of all has an image, and its name is a paragraph.

    Args:
        attributes: (N, K) int64 codes.
        space: The attributes.
        pairs: Those of the audit, of which the first are with the label, the strongest first.
        few: A combination of at most so many images is rare.

    Returns:
        None where all combinations have more.
    """
    with_label = [pair for pair in pairs if space.label in (pair.first, pair.second)]
    partners = [pair.second if pair.first == space.label else pair.first for pair in with_label]
    for count in (1, 2):
        names = (space.label, *partners[:count])
        columns = [space.position(name) for name in names]
        some = AttributeSpace(tuple(space.attributes[column] for column in columns), space.label)
        if len(names) <= count or some.num_groups > MOST_GROUPS:
            break
        counts = torch.bincount(some.groups(attributes[:, columns]), minlength=some.num_groups)
        order = counts.argsort(stable=True)[:MOST_NAMED].tolist()
        images = {"/".join(some.values(group)): int(counts[group]) for group in order}
        images = {name: number for name, number in images.items() if number <= few}
        if images:
            empty = int((counts == 0).sum())
            rare = int((counts <= few).sum()) - empty
            return Thin(names, some.num_groups, empty, rare, images)
    return None
