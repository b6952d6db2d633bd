"""Rows of a benchmark's tables: means over the seeds of finished cells."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cfaug.benchmarking.cells import GeneratorCell, MethodCell
from cfaug.benchmarking.comparing.roles import Row, is_baseline, is_erm, is_oracle, roles_of
from cfaug.classifiers.intervals import Interval, over_seeds, over_seeds_unbounded
from cfaug.classifiers.right_answers import difference
from cfaug.tracking import keys
from cfaug.tracking.claims import changed_options

Cells = list[dict[str, Any]]
Key = tuple[float | None, str]
"""Strength and name of a row."""

GAP_CLOSED, EXCESS_ERROR, DIFFERENCE = (
    keys.alone(key) for key in (keys.GAP_CLOSED, keys.EXCESS_ERROR, keys.DIFFERENCE)
)
"""Figures of a row that `summarize` takes from other rows."""


def summarize(results: Path) -> list[Row]:
    """One row for each strength and method of which there is a finished cell.

    Args:
        results: Folder of the finished cells of a data set.

    Returns:
        Rows by strength, then accuracy. A row has ``name``, ``strength`` (absent if it is that of
        the data's YAML), ``seeds``, what `roles_of` says, and the ``commands`` of the cells, each
        with its commit. It has the mean over seeds of every figure under its own name, with the
        ends of its interval (see `over_seeds`) if it is known of each seed. ``accuracy``,
        ``accuracy_low`` and ``accuracy_high`` are those on the first test set, see `test_set_of`.
        From ERM and the best oracle with the same network, at the same strength, the row has
        ``gap_closed`` (%) and ``excess_error`` (points). ``difference``, with its interval, is to
        ``best_baseline``, the one with that network that is best at that strength on the test set
        itself, which favours the baseline.

    Raises:
        ValueError: If the seeds of a row were computed with different options.
    """
    groups = _grouped(results, MethodCell.kind)
    rows = {key: _method_row(cells) for key, cells in groups.items()}
    for key, row in rows.items():
        alike = {k: other for k, other in rows.items() if other["backbone"] == row["backbone"]}
        here = {k: other for k, other in alike.items() if k[0] == key[0]}
        value = float(row["accuracy"])
        above = [
            float(other["accuracy"])
            for (strength, _), other in alike.items()
            if is_oracle(other) and (strength is None) == (key[0] is None)
        ]
        if above:
            row[EXCESS_ERROR] = max(above) - value
            erm = next(filter(is_erm, here.values()), None)
            if erm is not None and not is_oracle(row):
                closed = gap_closed(value, float(erm["accuracy"]), max(above))
                row |= {} if closed is None else {GAP_CLOSED: closed}
        if not is_oracle(row):
            row |= _compared(key, groups, {k: row for k, row in here.items() if is_baseline(row)})
    return sorted(rows.values(), key=lambda row: (strength_of(row), -float(row["accuracy"])))


def summarize_generators(results: Path) -> list[Row]:
    """One row for each strength and generator of which there is a finished cell.

    Args:
        results: Folder of the finished cells of a data set.

    Raises:
        ValueError: If the seeds of a row were computed with different options.
    """
    groups = _grouped(results, GeneratorCell.kind)
    return [_row(cells) for _, cells in sorted(groups.items(), key=lambda item: str(item[0]))]


def _grouped(results: Path, kind: str) -> dict[Key, Cells]:
    groups: dict[Key, Cells] = {}
    firsts: dict[Key, Path] = {}
    for path in sorted(results.glob("*/*/seed-*.json")):
        cell = json.loads(path.read_text(encoding="utf-8"))
        if cell["kind"] == kind:
            key = cell["strength"], str(cell["name"])
            cells = groups.setdefault(key, [])
            cells.append(cell)
            first = firsts.setdefault(key, path)
            if changes := changed_options(*(_but_seed(c["options"]) for c in (cell, cells[0]))):
                msg = f"{path} was computed with {changes} as in {first}, and a row is the mean of "
                msg += "seeds that differ in nothing else; remove one of these files to compute it "
                raise ValueError(f"{msg}anew as the other")
    return groups


def _but_seed(options: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if name != "seed"}


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
    row = _row(cells) | roles_of(cells[0])
    accuracy = keys.ACCURACY.format(split=test_set_of(row))
    row["accuracy"] = row[accuracy]
    if ends := interval_of(row, accuracy):
        row["accuracy_low"], row["accuracy_high"] = ends
    return row


def _compared(key: Key, groups: Mapping[Key, Cells], baselines: Mapping[Key, Row]) -> Row:
    """The difference of a row to the best baseline, over the seeds that both have."""
    best = max(
        baselines,
        key=lambda other: (float(baselines[other]["accuracy"]), is_erm(baselines[other])),
        default=key,
    )
    if best == key:
        return {}
    ours, theirs = ({c["seed"]: c["right"] for c in groups[k]} for k in (key, best))
    each = [difference(ours[s], theirs[s], s) for s in sorted(ours.keys() & theirs.keys())]
    if not each:
        return {}
    values, own = [value for value, _ in each], [ends for _, ends in each]
    ends = zip(_ends(DIFFERENCE), over_seeds_unbounded(values, own), strict=True)
    return {DIFFERENCE: statistics.fmean(values), "best_baseline": best[1], **dict(ends)}


def _ends(name: str) -> tuple[str, str]:
    return f"{name}_low", f"{name}_high"


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


def seconds_behind(rows: Sequence[Row], generators: Sequence[Row]) -> float:
    """Seconds of computing behind rows; a generator that several methods share counts once.

    Args:
        rows: Of methods.
        generators: Of generators; those that were not judged have none.
    """
    trained: dict[tuple[float, str], float] = {}
    total = 0.0
    for row in rows:
        total += float(row["seconds/classifier"]) * int(row["seeds"])
        if "seconds/generator" in row:
            key = strength_of(row), str(row["generator"])
            seconds = float(row["seconds/generator"]) * int(row["seeds"])
            trained[key] = max(trained.get(key, 0.0), seconds)
    for row in generators:
        parts = sum(float(row[name]) for name in row if name.startswith("seconds/"))
        trained[strength_of(row), str(row["name"])] = parts * int(row["seeds"])
    return total + sum(trained.values())


UNLOGGED = {"strength", "accuracy", "accuracy_low", "accuracy_high"}
"""Figures of a row that the others tell."""


def told_apart(rows: Sequence[Row]) -> dict[str, Row]:
    """Rows by name, with ``/r-STRENGTH`` where there are several strengths."""
    several = len(confounded(rows)) > 1
    found = {}
    for row in rows:
        after = f"/r-{row['strength']:g}" if several and "strength" in row else ""
        found[f"{row['name']}{after}"] = row
    return found


def flat(rows: Sequence[Row]) -> dict[str, float]:
    """All figures for a logger, ``FIGURE/METHOD``, with methods as in `told_apart`."""
    return {
        f"{figure.removeprefix('test/')}/{name}": value
        for name, row in told_apart(rows).items()
        for figure, value in row.items()
        if isinstance(value, float) and figure not in UNLOGGED
    }


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
