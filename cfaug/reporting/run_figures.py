"""What sections take from runs: figures by name, cells, curves."""

from collections.abc import Callable, Sequence

from cfaug.reporting.blocks import (
    Cell,
    Chart,
    curves,
)
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


def figure_cell(run: Run, name: str, form: Callable[[float], Cell]) -> Cell:
    """A figure of a run; an empty cell where it has none of that name."""
    return form(run.figures[name]) if name in run.figures else Cell("")


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
