"""Rows of a benchmark's tables: means over the seeds of finished cells."""

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from cfaug.tracking.keys import UNCONFOUNDED

Row = dict[str, float | str]


def summarize(results: Path) -> list[Row]:
    """One row for each strength and method of which there is a finished cell.

    Args:
        results: Folder of the finished cells.

    Returns:
        Rows by strength, then accuracy. A row has ``name``, ``strength`` (absent if it is that of
        the data's YAML), ``seeds``, and the ``commands`` of the cells, each with its commit. It has
        the mean over seeds of every figure under its own name, and ``accuracy`` with
        ``standard_error``. From ERM and the oracle at the same strength it has ``gap_closed`` (%)
        and ``excess_error`` (points).
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
    for kind in ("figures", "seconds"):
        tables: list[dict[str, float]] = [cell[kind] for cell in cells]  # type: ignore[misc]
        for name in tables[0]:
            key = name if kind == "figures" else f"seconds/{name}"
            row[key] = statistics.fmean(table[name] for table in tables)
            if name == UNCONFOUNDED:
                row["accuracy"] = row[key]
                if len(tables) > 1:
                    row["standard_error"] = standard_error([table[name] for table in tables])
    return row


def strength_of(row: Row) -> float:
    """Strength of a row, 0 where it is that of the data's YAML."""
    return float(row.get("strength", 0.0))


def confounded(rows: Sequence[Row]) -> list[float]:
    """The strengths at which there is a row of another method than the oracle, from low to high."""
    return sorted({strength_of(row) for row in rows if row["name"] != "oracle"})


def flat(rows: Sequence[Row]) -> dict[str, float]:
    """All figures for a logger, ``FIGURE/METHOD``, with ``/r-STRENGTH`` where there are several."""
    several = len(confounded(rows)) > 1
    found = {}
    for row in rows:
        after = f"/r-{row['strength']:g}" if several and "strength" in row else ""
        for name, value in row.items():
            if isinstance(value, float) and name not in {"strength", "accuracy"}:
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


def standard_error(values: Sequence[float]) -> float:
    """Standard error of the mean of at least two values."""
    return statistics.stdev(values) / math.sqrt(len(values))
