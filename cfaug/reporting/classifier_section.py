"""The section of a report on classifiers."""

from collections.abc import Sequence

from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.classifiers.group_table import COLUMNS
from cfaug.reporting.blocks import Cell, Section, Table, bars, percent
from cfaug.reporting.run_figures import MOST_ROWS, curves_of, figures_of, mean_of, percent_cell
from cfaug.reporting.runs import Run
from cfaug.tracking import keys
from cfaug.tracking.keys import UNCONFOUNDED
from datamodules.base import TEST_SETS

WORST = keys.WORST_GROUP_ACCURACY.format(split="unconfounded")
WORST_SIZE = keys.WORST_GROUP_SIZE.format(split="unconfounded")


def classifiers(runs: Sequence[Run]) -> Section:
    """Accuracies, the worst groups, and how training went."""
    section = Section(
        "Classifiers",
        "On the unconfounded test set no attribute tells of the label; the confounded one is like "
        "the training data.",
    )
    tested = [run for run in runs if UNCONFOUNDED in run.figures]
    if tested:
        others = {
            "unconfounded": UNCONFOUNDED,
            "its worst group": WORST,
            "confounded": keys.ACCURACY.format(split="confounded"),
        }
        others |= {
            f"flips by {name}": keys.FLIP_RATE.format(attribute=name)
            for name in figures_of(tested[0], keys.FLIP_RATE)
        }
        columns = {k: v for k, v in others.items() if any(v in r.figures for r in tested)}
        rows = [
            [Cell(run.name), *(_figure(run, name) for name in columns.values())] for run in tested
        ]
        note = (
            "In brackets 95 % intervals: of the test images, not of other seeds. Flips: "
            "predictions that change when the attribute alone truly changes."
        )
        section.blocks.append(Table("Accuracy, %", ["run", *columns], rows, note))
        values = {run.name: mean_of([run], UNCONFOUNDED) for run in tested}
        section.blocks.append(bars("Unconfounded accuracy", "accuracy, %", values))
    for run in tested:
        for test_set in TEST_SETS:
            section.blocks += _worst_groups(run, test_set)
    title = "Accuracy on confounded validation images"
    section.blocks += curves_of(title, "accuracy, %", runs, keys.VAL_ACCURACY)
    return section


def _worst_groups(run: Run, test_set: str) -> list[Table]:
    rows = [row for row in run.rows("groups.csv") if row["test_set"] == test_set]
    rows = [row for row in rows if int(row["images"]) >= FEWEST]
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: float(row["accuracy"]))[:MOST_ROWS]
    names = [name for name in rows[0] if name not in COLUMNS]
    cells = [
        [
            *(Cell(row[name]) for name in names),
            Cell(row["images"]),
            percent(float(row["accuracy"]), (float(row["low"]), float(row["high"]))),
        ]
        for row in rows
    ]
    title = f"Worst groups of the {test_set} test set: {run.name}"
    return [Table(title, [*names, "images", "accuracy, %"], cells)]


def _figure(run: Run, name: str) -> Cell:
    """A percentage with its interval; of the worst group also the number of its images."""
    cell, size = percent_cell(run, name), run.figures.get(WORST_SIZE)
    if name == WORST and cell.text and size is not None:
        return Cell(f"{cell.text} of {size:,.0f}", cell.shade)
    return cell
