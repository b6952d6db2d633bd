"""Columns of a table that say how to divide its images: into splits, and by person."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

SPLITS = {
    "train": "train",
    "training": "train",
    "0": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "1": "val",
    "test": "test",
    "2": "test",
}
"""What a column of splits may say."""


def check_splits(column: pa.ChunkedArray, path: Path) -> None:
    """Check that a column of splits says nothing else.

    Raises:
        ValueError: If it does.
    """
    for value in column.unique().to_pylist():
        if (value or "").lower() not in SPLITS:
            row = column.to_pylist().index(value) + 1
            msg = f"row {row} of {path} has the split '{value}', expected one of {list(SPLITS)}"
            raise ValueError(msg)


def refuse_splits(table: pa.Table, path: Path, names: Sequence[str]) -> None:
    """Refuse a column of splits that would be taken for an attribute.

    Raises:
        ValueError: If one of these columns holds splits.
    """
    words = {word for word in SPLITS if not word.isdigit()}
    for name in names:
        found = pc.utf8_lower(table[name].drop_null()).unique().to_pylist()
        if len(found) > 1 and set(found) <= words:
            msg = (
                f"column '{name}' of {path} holds splits ({', '.join(found)}) and is no attribute: "
                "name the attributes that there are, or, for images, this with split_column"
            )
            raise ValueError(msg)


def require_all_named(column: pa.ChunkedArray, path: Path, name: str) -> None:
    """Check that each row says which images it belongs to.

    Raises:
        ValueError: If one does not: its image could be of a person in another split.
    """
    empty = pc.is_null(column)
    if count := pc.sum(empty).as_py():
        row = pc.index(empty, True).as_py()
        msg = (
            f"{count:,} rows of {path} have no value of '{name}', the group_column, the first is "
            f"row {row + 1}; write whose image it is, a name of its own where nobody knows, or set "
            "missing to drop"
        )
        raise ValueError(msg)


def number_clusters(
    column: pa.ChunkedArray, splits: Sequence[str] | None, path: Path, name: str
) -> Tensor:
    """Number what images belong to, a person for example, in the order of the rows.

    Args:
        column: (N,) text, of each image the person.
        splits: (N,) split of each image, None where they are to be drawn.
        path: Where the table was read from, for messages.
        name: Name of the column, for messages.

    Returns:
        (N,) int64.

    Raises:
        ValueError: If a person is in two splits, or there are too few for a split each.
    """
    encoded = column.combine_chunks().dictionary_encode()
    persons = encoded.dictionary
    clusters = torch.from_numpy(encoded.indices.to_numpy().astype("int64"))
    if splits is None:
        if len(persons) < 3:
            msg = (
                f"column '{name}' of {path}, the group_column, has {len(persons)} different "
                "value(s), expected at least 3, for no value is in two of training, validation and "
                "testing"
            )
            raise ValueError(msg)
        return clusters
    if torn := _in_several_splits(clusters, splits):
        first, theirs = next(iter(torn.items()))
        msg = (
            f"'{persons[first]}' of column '{name}' of {path} is in {' and '.join(theirs)}, and "
            f"{len(torn):,} of its {len(persons):,} values are in more than one split; give all "
            "images of one the same split, or leave out split_column, and splits are drawn so"
        )
        raise ValueError(msg)
    return clusters


def _in_several_splits(clusters: Tensor, splits: Sequence[str]) -> dict[int, list[str]]:
    """The persons that are in more than one split, with their splits.

    Args:
        clusters: (N,) int64, the person of each image.
        splits: (N,) the split of each image.
    """
    names, codes = np.unique(splits, return_inverse=True)
    persons, codes = np.divmod(np.unique(clusters.numpy() * len(names) + codes), len(names))
    torn = np.bincount(persons)[persons] > 1
    found: dict[int, list[str]] = {}
    for person, code in zip(persons[torn].tolist(), codes[torn].tolist(), strict=True):
        found.setdefault(person, []).append(str(names[code]))
    return found
