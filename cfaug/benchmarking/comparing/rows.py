"""Rows of a benchmark's tables: means over the seeds of finished cells."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cfaug.benchmarking.cells import GeneratorCell, MethodCell
from cfaug.benchmarking.methods import ORACLE
from cfaug.classifiers.intervals import Interval, over_seeds, over_seeds_unbounded
from cfaug.classifiers.right_answers import difference
from cfaug.tracking import keys

Row = dict[str, float | str]
Cells = list[dict[str, Any]]
Key = tuple[float | None, str]
"""Strength and name of a row."""

DIFFERENCE = "difference"
"""Points above the best baseline, on the same images."""


def summarize(results: Path) -> list[Row]:
    """One row for each strength and method of which there is a finished cell.

    Args:
        results: Folder of the finished cells of a data set.

    Returns:
        Rows by strength, then accuracy. A row has ``name``, ``strength`` (absent if it is that of
        the data's YAML), ``seeds``, ``labels`` (which attributes it uses), and the ``commands`` of
        the cells, each with its commit. It has the mean over seeds of every figure under its own
        name, with the ends of its interval (see `over_seeds`) if it is known of each seed.
        ``accuracy``, ``accuracy_low`` and ``accuracy_high`` are those on the first test set, see
        `test_set_of`. From ERM and the oracle at the same strength the row has ``gap_closed`` (%)
        and ``excess_error`` (points). ``difference``, with its interval, is to the baseline that is
        best at that strength on the test set itself, which favours the baseline.
    """
    groups = _grouped(results, MethodCell.kind)
    rows = {key: _method_row(cells) for key, cells in groups.items()}
    for (strength, name), row in rows.items():
        value, network = float(row["accuracy"]), _network(name)
        erm = rows.get((strength, f"erm{network}"))
        oracle = rows.get((None if strength is None else 0.0, f"{ORACLE}{network}"))
        if oracle is not None:
            above = float(oracle["accuracy"])
            row["excess_error"] = above - value
            if erm is not None and name != f"{ORACLE}{network}":
                closed = gap_closed(value, float(erm["accuracy"]), above)
                row |= {} if closed is None else {"gap_closed": closed}
        _compare((strength, name), groups, rows)
    return sorted(rows.values(), key=lambda row: (strength_of(row), -float(row["accuracy"])))


def summarize_generators(results: Path) -> list[Row]:
    """One row for each strength and generator of which there is a finished cell.

    Args:
        results: Folder of the finished cells of a data set.
    """
    groups = _grouped(results, GeneratorCell.kind)
    return [_row(cells) for _, cells in sorted(groups.items(), key=lambda item: str(item[0]))]


def _grouped(results: Path, kind: str) -> dict[Key, Cells]:
    groups: dict[Key, Cells] = {}
    for path in sorted(results.glob("*/*/seed-*.json")):
        cell = json.loads(path.read_text(encoding="utf-8"))
        if cell["kind"] == kind:
            groups.setdefault((cell["strength"], str(cell["name"])), []).append(cell)
    return groups


def _row(cells: Cells) -> Row:
    first = cells[0]
    row: Row = {"name": str(first["name"])}
    if first["strength"] is not None:
        row["strength"] = float(first["strength"])
    commands = dict.fromkeys(f"{cell['benchmark']}  # {cell['commit']}" for cell in cells)
    row |= {"seeds": len(cells), "commands": "\n".join(commands)}
    figures: list[dict[str, float]] = [cell["figures"] for cell in cells]
    means = _means(figures)
    row |= means
    row |= {f"seconds/{n}": v for n, v in _means([cell["seconds"] for cell in cells]).items()}
    for name in means:
        own = [ends for table in figures if (ends := keys.interval_of(table, name)) is not None]
        if len(own) == len(figures):
            found = over_seeds([table[name] for table in figures], own)
            row |= dict(zip(keys.ends(name), found, strict=True))
    return row


def _method_row(cells: Cells) -> Row:
    row = _row(cells) | {"labels": str(cells[0]["labels"])}
    accuracy = keys.ACCURACY.format(split=test_set_of(row))
    row["accuracy"] = row[accuracy]
    if ends := interval_of(row, accuracy):
        row["accuracy_low"], row["accuracy_high"] = ends
    return row


def _compare(key: Key, groups: Mapping[Key, Cells], rows: Mapping[Key, Row]) -> None:
    """Add to a row the difference to the best baseline, over the seeds that both have."""
    strength, name = key
    baselines = [
        other
        for other, row in rows.items()
        if other[0] == strength and _network(other[1]) == _network(name) and is_baseline(row)
    ]
    best = max(baselines, key=lambda other: float(rows[other]["accuracy"]), default=key)
    if best == key or name.startswith(ORACLE):
        return
    ours, theirs = ({c["seed"]: c["right"] for c in groups[k]} for k in (key, best))
    each = [difference(ours[s], theirs[s], s) for s in sorted(ours.keys() & theirs.keys())]
    if each:
        values, own = [value for value, _ in each], [ends for _, ends in each]
        row = rows[key]
        row |= {DIFFERENCE: statistics.fmean(values), "best_baseline": best[1]}
        row |= dict(zip(_ends(DIFFERENCE), over_seeds_unbounded(values, own), strict=True))


def _network(name: str) -> str:
    """What the name of a row says of its backbone: nothing, or ``@`` and its name."""
    _, at, backbone = name.partition("@")
    return at + backbone


def _ends(name: str) -> tuple[str, str]:
    return f"{name}_low", f"{name}_high"


def is_baseline(row: Row) -> bool:
    """Whether a row is of a method without counterfactuals that a user can have."""
    return "+" not in str(row["name"]) and not is_oracle(row)


def is_oracle(row: Row) -> bool:
    """Whether a row is of the oracle."""
    return str(row["name"]).partition("@")[0] == ORACLE


def difference_of(row: Row) -> tuple[float, Interval] | None:
    """The difference to the best baseline and its interval; None if there is none."""
    if DIFFERENCE not in row:
        return None
    low, high = (float(row[end]) for end in _ends(DIFFERENCE))
    return float(row[DIFFERENCE]), (low, high)


def _means(tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means of the figures that all seeds have."""
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
    return sorted({strength_of(row) for row in rows if not is_oracle(row)})


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
