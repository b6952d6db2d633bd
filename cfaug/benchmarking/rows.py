"""Rows of a benchmark's tables: means over the seeds of finished cells."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from cfaug.classifiers.intervals import Interval, over_seeds
from cfaug.tracking import keys

Row = dict[str, float | str]


def summarize(results: Path) -> list[Row]:
    """One row for each strength and method of which there is a finished cell.

    Args:
        results: Folder of the finished cells.

    Returns:
        Rows by strength, then accuracy. A row has ``name``, ``strength`` (absent if it is that of
        the data's YAML), ``seeds``, and the ``commands`` of the cells, each with its commit. It has
        the mean over seeds of every figure under its own name, with the ends of its interval (see
        `over_seeds`) if it is known of each seed. ``accuracy``, ``accuracy_low`` and
        ``accuracy_high`` are those on the first test set, see `test_set_of`. From ERM and the
        oracle at the same strength the row has ``gap_closed`` (%) and ``excess_error`` (points).
    """
    groups: dict[tuple[float | None, str], list[dict[str, object]]] = {}
    for path in sorted(results.glob("*/*/seed-*.json")):
        cell = json.loads(path.read_text(encoding="utf-8"))
        groups.setdefault((cell["strength"], cell["configuration"]), []).append(cell)
    rows = [_row(cells) for cells in groups.values()]
    accuracy = {(row.get("strength"), row["name"]): float(row["accuracy"]) for row in rows}
    oracle = accuracy.get((0.0, "oracle"), accuracy.get((None, "oracle")))
    if oracle is not None:
        for row in rows:
            value, erm = float(row["accuracy"]), accuracy.get((row.get("strength"), "erm"))
            row["excess_error"] = oracle - value
            if erm is not None and (closed := gap_closed(value, erm, oracle)) is not None:
                row["gap_closed"] = closed
    return sorted(rows, key=lambda row: (strength_of(row), -float(row["accuracy"])))


def _row(cells: list[dict[str, object]]) -> Row:
    first = cells[0]
    row: Row = {"name": str(first["configuration"])}
    if first["strength"] is not None:
        row["strength"] = float(str(first["strength"]))
    commands = dict.fromkeys(f"{cell['benchmark']}  # {cell['commit']}" for cell in cells)
    row |= {"seeds": len(cells), "commands": "\n".join(commands)}
    figures: list[dict[str, float]] = [cell["figures"] for cell in cells]  # type: ignore[misc]
    seconds: list[dict[str, float]] = [cell["seconds"] for cell in cells]  # type: ignore[misc]
    means = _means(figures)
    row |= means | {f"seconds/{name}": value for name, value in _means(seconds).items()}
    for name in means:
        own = [ends for table in figures if (ends := keys.interval_of(table, name)) is not None]
        if len(own) == len(figures):
            found = over_seeds([table[name] for table in figures], own)
            row |= dict(zip(keys.ends(name), found, strict=True))
    accuracy = keys.ACCURACY.format(split=test_set_of(row))
    row["accuracy"] = row[accuracy]
    if ends := interval_of(row, accuracy):
        row["accuracy_low"], row["accuracy_high"] = ends
    return row


def _means(tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means of the figures that all seeds have; cells of an earlier version may lack some."""
    shared = [name for name in tables[0] if all(name in table for table in tables)]
    return {name: statistics.fmean(table[name] for table in tables) for name in shared}


def interval_of(row: Row, name: str) -> Interval | None:
    """The interval of a figure of a row; None if it is not known."""
    low, high = (row.get(end) for end in keys.ends(name))
    return None if low is None or high is None else (float(low), float(high))


def test_set_of(row: Row) -> str:
    """The name of the first test set of a row, which its ``accuracy`` is on."""
    name = keys.first_test_set(row)
    assert name is not None  # a classifier is tested in every cell
    return name


def strength_of(row: Row) -> float:
    """Strength of a row, 0 where it is that of the data's YAML."""
    return float(row.get("strength", 0.0))


def confounded(rows: Sequence[Row]) -> list[float]:
    """The strengths at which there is a row of another method than the oracle, from low to high."""
    return sorted({strength_of(row) for row in rows if row["name"] != "oracle"})


UNLOGGED = {"strength", "accuracy", "accuracy_low", "accuracy_high"}
"""Figures of a row that the others tell."""


def flat(rows: Sequence[Row]) -> dict[str, float]:
    """All figures for a logger, ``FIGURE/METHOD``, with ``/r-STRENGTH`` where there are several."""
    several = len(confounded(rows)) > 1
    found = {}
    for row in rows:
        after = f"/r-{row['strength']:g}" if several and "strength" in row else ""
        for name, value in row.items():
            if isinstance(value, float) and name not in UNLOGGED:
                found[f"{name.removeprefix('test/')}/{row['name']}{after}"] = value
    return found


def gap_closed(accuracy: float, erm: float, oracle: float) -> float | None:
    """The share of the way from the accuracy of ERM to that of the oracle, in per cent.

    >>> gap_closed(90.0, erm=60.0, oracle=100.0)
    75.0

    Args:
        accuracy: In per cent, as the others.
        erm: Of ERM.
        oracle: Of the oracle.

    Returns:
        None if ERM is at least as accurate as the oracle, so that there is no gap.
    """
    return 100 * (accuracy - erm) / (oracle - erm) if oracle > erm else None
