"""What sections take from runs: figures by name, cells, curves."""

import re
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.classifiers.group_table import COLUMNS
from cfaug.classifiers.intervals import Interval, over_seeds
from cfaug.reporting.blocks import Cell, Chart, curves, percent
from cfaug.reporting.runs import Run
from cfaug.tracking import keys

MOST_ROWS = 12
"""Pairs of an audit, and groups of a classifier, that are shown."""


def figures_of(run: Run, key: str) -> dict[str, float]:
    """The figures that a metric name stands for, by what its last braces stand for."""
    prefix = keys.started(key)
    return {
        name.removeprefix(prefix): value
        for name, value in run.figures.items()
        if name.startswith(prefix)
    }


def percent_cell(run: Run, name: str) -> Cell:
    """A percentage of a run with its interval; an empty cell where it has none of that name."""
    if name not in run.figures:
        return Cell("")
    return percent(run.figures[name], keys.interval_of(run.figures, name))


def mean_of(runs: Sequence[Run], name: str) -> tuple[float, Interval | None]:
    """The mean of a percentage over seeds, and its interval if each seed has one."""
    values = [run.figures[name] for run in runs]
    own = [keys.interval_of(run.figures, name) for run in runs]
    known = [ends for ends in own if ends is not None]
    return fmean(values), over_seeds(values, known) if len(known) == len(own) else None


def curves_of(title: str, unit: str, runs: Sequence[Run], column: str) -> list[Chart]:
    """A column of ``metrics.csv`` over updates, of the runs that logged it; none where none did."""
    lines = {
        run.name: [
            (float(row["step"]), float(row[column]))
            for row in run.rows("metrics.csv")
            if row.get(column)
        ]
        for run in runs
    }
    lines = {name: points for name, points in lines.items() if points}
    return [curves(title, unit, lines)] if lines else []


def left_out(count: int, what: str) -> str:
    """What a table of `MOST_ROWS` leaves out."""
    return f" The first {MOST_ROWS} of {count:,} {what}." if count > MOST_ROWS else ""


class Group(NamedTuple):
    """A group of a test set: accuracy and interval in per cent, number of images, name."""

    accuracy: float
    interval: Interval
    images: int
    name: str


def groups_of(run: Run, test_set: str | None) -> list[Group]:
    """The groups of a test set that have images, from ``groups.csv``; none where there is none."""
    return [
        Group(
            float(row["accuracy"]),
            (float(row["low"]), float(row["high"])),
            int(row["images"]),
            ", ".join(f"{name} {value}" for name, value in row.items() if name not in COLUMNS),
        )
        for row in run.rows("groups.csv")
        if row["test_set"] == test_set
    ]


def worst_group(run: Run) -> Group | None:
    """The worst group of the first test set; None where all are small."""
    groups = groups_of(run, keys.first_test_set(run.figures))
    large = (group for group in groups if group.images >= FEWEST)
    return min(large, key=lambda group: group.accuracy, default=None)


def by_seed(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each name, which those share whose folders differ in ``seed-N`` alone."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        name = re.sub(r"(^|/)seed-\d+", "", run.name).strip("/")
        found.setdefault(name or run.name, []).append(run)
    return found
