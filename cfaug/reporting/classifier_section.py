"""The section of a report on classifiers."""

from collections.abc import Sequence

from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.classifiers.group_table import COLUMNS
from cfaug.evaluation.classifier_reliance import CHANGED
from cfaug.reporting.blocks import Cell, Picture, Section, Table, bars, percent
from cfaug.reporting.run_figures import MOST_ROWS, curves_of, figures_of, mean_of, percent_cell
from cfaug.reporting.runs import Run
from cfaug.tracking import keys
from datamodules.process.splits import CONFOUNDED


def classifiers(runs: Sequence[Run]) -> Section:
    """Accuracies, the worst groups, and how training went."""
    section = Section(
        "Classifiers",
        "An unconfounded test set is drawn anew from a known process: no attribute tells of the "
        "label. A resampled one is drawn from test images, and as independent as their "
        "combinations allow. The confounded one is like the training data.",
    )
    tested = [run for run in runs if keys.first_test_set(run.figures)]
    if tested:
        columns = _columns(tested)
        rows = [[Cell(run.name), *(_figure(run, name) for _, name in columns)] for run in tested]
        note = (
            "In brackets 95 % intervals: of the test images, not of other seeds. Flips: "
            "predictions that change when the attribute alone truly changes, or by edits of a "
            "generator beside the image drawn again."
        )
        section.blocks.append(
            Table("Accuracy, %", ["run", *(title for title, _ in columns)], rows, note)
        )
    for test_set in keys.FIRST_TEST_SETS:
        name = keys.ACCURACY.format(split=test_set)
        values = {run.name: mean_of([run], name) for run in tested if name in run.figures}
        if values:
            section.blocks.append(bars(f"{test_set.capitalize()} accuracy", "accuracy, %", values))
    for run in tested:
        for test_set in keys.TEST_SETS:
            section.blocks += _worst_groups(run, test_set)
        section.blocks += [
            Picture(f"Edits that change predictions most: {run.name}", path)
            for path in run.pictures()
            if path.stem == CHANGED
        ]
    title = "Accuracy on confounded validation images"
    section.blocks += curves_of(title, "accuracy, %", runs, keys.VAL_ACCURACY)
    return section


def _columns(tested: Sequence[Run]) -> list[tuple[str, str]]:
    """Titles and names of the figures that some of the runs have."""
    found = []
    for test_set in keys.FIRST_TEST_SETS:
        found.append((test_set, keys.ACCURACY.format(split=test_set)))
        found.append(("its worst group", keys.WORST_GROUP_ACCURACY.format(split=test_set)))
    found.append((CONFOUNDED, keys.ACCURACY.format(split=CONFOUNDED)))
    flips = {"flips by": keys.FLIP_RATE, "flips by edits of": keys.EDIT_FLIP_RATE}
    for words, key in flips.items():
        names = dict.fromkeys(name for run in tested for name in figures_of(run, key))
        found += [(f"{words} {name}", key.format(attribute=name)) for name in names]
    return [(title, name) for title, name in found if any(name in run.figures for run in tested)]


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
    cell = percent_cell(run, name)
    for test_set in keys.FIRST_TEST_SETS:
        size = run.figures.get(keys.WORST_GROUP_SIZE.format(split=test_set))
        is_worst = name == keys.WORST_GROUP_ACCURACY.format(split=test_set)
        if is_worst and cell.text and size is not None:
            return Cell(f"{cell.text} of {size:,.0f}", cell.shade)
    return cell
