"""What the rows of a benchmark are, as their cells say; names are for display alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from cfaug.benchmarking.methods import ERM
from cfaug.benchmarking.plan import file_of
from cfaug.benchmarking.recipes import KNOWN_PROCESS

Row = dict[str, float | str]


def roles_of(cell: Mapping[str, Any]) -> Row:
    """What the row of a cell of a method says of it.

    Args:
        cell: The result of the cell.

    Returns:
        ``method``, ``backbone`` (its network), ``labels`` (which attributes it uses) and, if it is
        trained with counterfactuals, their ``generator``.
    """
    options: Mapping[str, str] = cell["options"]
    files = {name: file_of(options[name]) for name in ("method", "generator") if name in options}
    told: Row = {"backbone": options["backbone"], "labels": str(cell["labels"])}
    return {**{name: path.stem for name, path in files.items()}, **told}


def is_oracle(row: Row) -> bool:
    """Whether a row is of an oracle."""
    return row.get("labels") == KNOWN_PROCESS


def has_counterfactuals(row: Row) -> bool:
    """Whether a row is of a method that is trained with counterfactuals."""
    return "generator" in row


def is_baseline(row: Row) -> bool:
    """Whether a row is of a method without counterfactuals that a user can have."""
    return not has_counterfactuals(row) and not is_oracle(row)


def is_erm(row: Row) -> bool:
    """Whether a row is of ordinary training."""
    return row["method"] == ERM and is_baseline(row)


def networks_of(rows: Sequence[Row]) -> list[str]:
    """The networks of rows of methods, in their order."""
    return list(dict.fromkeys(str(row["backbone"]) for row in rows))


def told_of(row: Row) -> dict[str, str | bool]:
    """What the record of a benchmark tells of a row of a method, for reports to read."""
    told: dict[str, str | bool] = {
        name: str(row[name]) for name in ("method", "backbone", "best_baseline") if name in row
    }
    return told | {"oracle": is_oracle(row), "counterfactuals": has_counterfactuals(row)}
