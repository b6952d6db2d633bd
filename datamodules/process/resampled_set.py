"""How independent a resampled set of images is, and on how few images it hangs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.measures import cnf, contingency, cramers_v
from datamodules.process.sampling import effective_sample_size
from datamodules.process.splits import Split

MOST_NAMES = 1_000
"""Most empty combinations that are named, those with the largest share under independence."""


@dataclass(frozen=True)
class Dependence:
    """What is left between the label and an attribute: CNF in nats, and Cramér's V.

    V is not corrected for the bias of a sample: these are the images that are tested on, and
    repeated ones are no sample.
    """

    attribute: str
    cnf: float
    cramers_v: float


@dataclass(frozen=True)
class ResampledSet:
    """Figures of a set of images, some of which may be repeated.

    - ``draws`` counts repetitions, ``images`` does not. ``persons`` is the number of different
      `Split.clusters`, which is that of the images where nobody says whose they are.
    - ``effective_size`` is Kish's effective number of persons, see `effective_sample_size`: a set
      in which all have as many draws is worth all of them.
    - ``dependences`` has the other attributes, the largest V first.
    - ``empty`` of the ``combinations`` of values have no image; ``empty_names`` are at most
      `MOST_NAMES`.
    - ``largest_share`` in [0, 1] is the share of the draws that one image has, which is of the
      combination ``largest_name``.
    """

    draws: int
    images: int
    persons: int
    effective_size: float
    dependences: tuple[Dependence, ...]
    combinations: int
    empty: int
    empty_names: tuple[str, ...]
    largest_share: float
    largest_name: str


def measure_resampled(split: Split, space: AttributeSpace) -> ResampledSet:
    """Measure a split, such as the resampled test set.

    Args:
        split: The split, with at least one image.
        space: Its attributes, of at most `MOST_GROUPS` combinations.
    """
    table = split.attributes
    label, size = table[:, space.label_position], space.cardinalities[space.label_position]
    found = []
    for column, attribute in enumerate(space.attributes):
        if attribute.name != space.label:
            counts = contingency(label, table[:, column], (size, len(attribute.values)))
            v = float(cramers_v(counts, corrected=False))
            found.append(Dependence(attribute.name, float(cnf(counts)), v))
    groups = space.groups(table)
    empty = torch.bincount(groups, minlength=space.num_groups) == 0
    lacking = (_independent_shares(table, space) * empty).argsort(descending=True, stable=True)
    named = lacking[: min(int(empty.sum()), MOST_NAMES)].tolist()
    index = split.index(torch.arange(len(split)))
    images, times = torch.unique(index, return_counts=True)
    position = int((index == images[times.argmax()]).nonzero()[0])
    draws = torch.unique(split.clusters(), return_counts=True)[1]
    return ResampledSet(
        draws=len(table),
        images=len(images),
        persons=len(draws),
        effective_size=effective_sample_size(draws.double()),
        dependences=tuple(sorted(found, key=lambda found: -found.cramers_v)),
        combinations=space.num_groups,
        empty=int(empty.sum()),
        empty_names=tuple(space.group_name(group) for group in named),
        largest_share=int(times.max()) / len(table),
        largest_name=space.group_name(int(groups[position])),
    )


def _independent_shares(table: Tensor, space: AttributeSpace) -> Tensor:
    """Share (G,) that each combination would have, were the attributes independent."""
    shares = torch.ones(1, dtype=torch.double)
    for column, cardinality in enumerate(space.cardinalities):
        counts = torch.bincount(table[:, column], minlength=cardinality).double()
        shares = (shares[:, None] * counts / len(table)).flatten()
    return shares
