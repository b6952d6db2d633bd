"""Notices of combinations of values that a split lacks, and of a weak resampled test set."""

from collections.abc import Mapping

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.notices import some_of, tell
from datamodules.process.resampled_set import ResampledSet
from datamodules.process.splits import TestOn

MOST_V = 0.1
"""A test set with a larger V is told to be confounded still. This is a small effect (Cohen,
Statistical Power Analysis for the Behavioral Sciences, 2nd edition, 1988, section 7.2.3)."""

MOST_SHARE = 0.05
"""An image with a larger share of the draws is told."""

FEWEST_WORTH = 100
"""A test set worth fewer is told. An accuracy of 90 % then has a standard error above 3 points."""


def tell_lacking(tables: Mapping[str, Tensor], space: AttributeSpace, where: str) -> None:
    """Name the combinations that have images, but none in a split, in one notice.

    With one attribute nothing is told, for then values are combinations.

    Args:
        tables: (N, K) int64 codes of each split.
        space: The attributes.
        where: Where the images lie.
    """
    if len(space.attributes) < 2:
        return
    counts = {
        split: torch.bincount(space.groups(table), minlength=space.num_groups)
        for split, table in tables.items()
    }
    whole = torch.stack(list(counts.values())).sum(0)
    parts = []
    for split, images in counts.items():
        lacking = ((whole > 0) & (images == 0)).nonzero()[:, 0]
        lacking = lacking[whole[lacking].argsort(descending=True, stable=True)]
        if len(lacking):
            # With strokes, for commas stand between combinations.
            names = ["/".join(space.values(group)) for group in lacking[:4].tolist()]
            named = zip(names, whole[lacking].tolist(), strict=False)
            told = some_of([f"{name} ({count:,})" for name, count in named])
            parts.append(f"{len(lacking):,} have no {split} image, {told}")
    if parts:
        tell(
            f"of the {int((whole > 0).sum()):,} combinations of {'/'.join(space.names)} in {where} "
            f"(images of each in brackets) {'; '.join(parts)}"
        )


def tell_weak(
    measured: ResampledSet, space: AttributeSpace, where: str, made_of: TestOn = "test"
) -> None:
    """Say of a resampled test set if it is confounded still, or hangs on few images.

    Args:
        measured: Figures of the test set.
        space: The attributes.
        where: Where the images lie.
        made_of: The split that it was drawn from.
    """
    parts = []
    if measured.dependences and measured.dependences[0].cramers_v > MOST_V:
        first = measured.dependences[0]
        told = f"{space.label} still goes with {first.attribute} (V {first.cramers_v:.2f})"
        if measured.empty:
            names = [f"({name})" for name in measured.empty_names[:4]]
            told += f", for it has no image of {some_of(names)}"
        parts.append(told)
    if measured.largest_share > MOST_SHARE:
        share = f"{100 * measured.largest_share:.0f} % of its draws"
        parts.append(f"one image of ({measured.largest_name}) supplies {share}")
    if measured.effective_size < FEWEST_WORTH:
        of_images = measured.persons == measured.images
        worth = f"{measured.effective_size:.0f} different {'images' if of_images else 'persons'}"
        parts.append(f"its {measured.draws:,} draws are worth {worth}")
    if parts and len(space.attributes) > 1:
        tell(
            f"figures of the resampled test set of {where} are weak: {'; '.join(parts)}; "
            f"add {made_of} images of what is rare"
        )
