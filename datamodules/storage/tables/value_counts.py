"""Whether the splits have images of every value of every attribute."""

from collections.abc import Mapping

import torch
from torch import Tensor

from datamodules.notices import some_of, tell
from datamodules.storage.tables.attribute_tables import NO_CATEGORY, ImageTable, is_mostly_rare


def require_values(
    rows: ImageTable, tables: Mapping[str, Tensor], where: str, *, chosen: bool = False
) -> None:
    """Check that training has every value, and tell which ones val or test lacks.

    Args:
        rows: All images.
        tables: (N, K) int64 codes of train, val and test.
        where: Where the images lie.
        chosen: Whether a strength has chosen the images of train and val.

    Raises:
        ValueError: If training lacks a value.
    """
    for column, attribute in enumerate(rows.space.attributes):
        size = len(attribute.values)
        counts = {
            split: table[:, column].bincount(minlength=size).tolist()
            for split, table in tables.items()
        }
        if chosen:
            _require_chosen(rows, column, counts["train"], where)
        _require_training(rows, column, counts["train"], where)
        for split in ("val", "test"):
            pairs = zip(attribute.values, counts["train"], counts[split], strict=True)
            if lacking := [f"'{value}' ({train:,})" for value, train, n in pairs if not n]:
                tell(
                    f"no {split} image of {where} has the value {some_of(lacking)} of attribute "
                    f"'{attribute.name}' (in brackets its training images): figures of {split} say "
                    "nothing of it"
                )


def _require_chosen(rows: ImageTable, column: int, counts: list[int], where: str) -> None:
    """Check that a strength leaves training images of all values of an attribute."""
    attribute = rows.space.attributes[column]
    absent = [repr(v) for v, count in zip(attribute.values, counts, strict=True) if not count]
    if absent:
        msg = (
            f"the strength takes no training image of {where} with the value {some_of(absent)} of "
            f"attribute '{attribute.name}': not every label has images of it, or none goes with "
            "it; lower the strength, change the alignment, or merge the value by categories"
        )
        raise ValueError(msg)


def _require_training(rows: ImageTable, column: int, counts: list[int], where: str) -> None:
    """Check that all values of an attribute have training images, given how many."""
    attribute = rows.space.attributes[column]
    absent = [code for code, count in enumerate(counts) if not count]
    if len(absent) == len(counts) - 1:
        is_label = attribute.name == rows.space.label
        value = attribute.values[counts.index(sum(counts))]
        msg = (
            f"all {sum(counts):,} training images of {where} have the same value of attribute "
            f"'{attribute.name}', '{value}'; it needs at least 2: with one value there is nothing "
            f"to {'learn, choose another label' if is_label else 'edit, leave it out'}"
        )
        raise ValueError(msg)
    if absent:
        codes = rows.attributes[:, column]
        lacking = torch.isin(codes, torch.tensor(absent)).nonzero()[:, 0].tolist()
        todo = "move some to training" if rows.splits else "correct it or add some"
        if is_mostly_rare(codes.bincount()):
            todo = f"most of its {len(counts)} values are that rare: {NO_CATEGORY}"
        msg = (
            f"no training image of {where} has the value "
            f"{some_of([repr(attribute.values[code]) for code in absent])} of attribute "
            f"'{attribute.name}', so that it cannot be learnt; {len(lacking):,} of "
            f"{len(codes):,} images have it ({some_of([rows.files[row] for row in lacking])}); "
            f"{todo}, or leave out its rows"
        )
        raise ValueError(msg)
