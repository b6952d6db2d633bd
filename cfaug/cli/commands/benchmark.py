"""``cfaug benchmark``: the whole loop for each cell, from the audit to the table, resumable."""

import shlex
from itertools import groupby

from rich.console import Console
from rich.table import Table

from cfaug.benchmarking.benchmark_tables import lines_of_draws, write_tables
from cfaug.benchmarking.methods import title_of
from cfaug.benchmarking.plan import Plan, settings_of
from cfaug.benchmarking.rows import (
    Row,
    confounded,
    flat,
    interval_of,
    strength_of,
    summarize,
    test_set_of,
)
from cfaug.benchmarking.runner import FAILED, run_cells
from cfaug.cli.main import run_command
from cfaug.cli.options import parse_dataclass
from cfaug.cli.results import record
from cfaug.reporting.page import write_report
from cfaug.tracking import keys
from cfaug.tracking.run_names import Identity, confounding_of
from datamodules.process.splits import CONFOUNDED, RESAMPLED, UNCONFOUNDED

SHORT = {UNCONFOUNDED: "unconf.", RESAMPLED: "resamp.", CONFOUNDED: "conf."}
"""The test sets as columns are called."""

LEGEND = """\
{short}, conf.: accuracy on the {test_set} and the confounded test set
worst: worst group of the {test_set} test set, and of how many images it is
below: 95 % intervals, of the test images and, with several seeds, of the seeds
flips: predictions that change when only that attribute changes
excess: points below the oracle; closed: share of the way from ERM to the oracle"""


def main(args: list[str]) -> None:
    """Run the command.

    Raises:
        ValueError: If a cell failed, after all others are done.
    """
    plan = parse_dataclass(Plan, "benchmark", "Run the whole loop.", args)
    console, words = Console(), ["benchmark", *args]
    identity = identity_of(plan)
    failed = run_cells(plan, shlex.join(["cfaug", *words]), run_command, console)
    rows = summarize(plan.kept)
    if rows:
        paths = write_tables(rows, plan.kept)
        show(plan, rows, console)
        console.print(f"every figure with its command: {paths[0]}")
        if plan.folder.exists():  # something was run here, and not only found where it is kept
            pictures = [path for path in paths if path.suffix == ".png"]
            record(plan.folder, words, identity, flat(rows), pictures)
            write_report([plan.folder], plan.folder / "report.html")
            console.print(f"all of it on one page: {plan.folder / 'report.html'}")
    if failed:
        first = failed[0].folder / FAILED
        msg = (
            f"{len(failed)} of the cells failed, the first is {failed[0].title}; mend what "
            f"{first} tells, and give the same command again"
        )
        raise ValueError(msg)


def identity_of(plan: Plan) -> Identity:
    """What the benchmark, and the group of its runs, are called."""
    settings = settings_of(plan.data)
    if plan.strengths is not None:
        settings["strength"] = plan.strengths[0] if len(plan.strengths) == 1 else None
    tags, strength = confounding_of(settings)
    return Identity(plan.data.stem, (plan.data.stem[:64], *tags), plan.folder.name, strength)


def show(plan: Plan, rows: list[Row], console: Console) -> None:
    """Print the table."""
    # Eight columns fit 80 characters without lines, and with one space between them.
    table = Table(
        title=f"{plan.data.stem}, mean over seeds, %",
        box=None,
        pad_edge=False,
        collapse_padding=True,
    )
    test_set = test_set_of(rows[0])
    confounded_accuracy = keys.ACCURACY.format(split=CONFOUNDED)
    columns = {
        SHORT[test_set]: keys.ACCURACY.format(split=test_set),
        SHORT[CONFOUNDED]: confounded_accuracy,
        "worst": keys.WORST_GROUP_ACCURACY.format(split=test_set),
        **{
            f"flips\n{name.rpartition('/')[2]}": name
            for name in rows[0]
            if name.startswith("test/flip_rate/")
        },
        "excess": "excess_error",
        "closed": "gap_closed",
    }
    columns = {c: name for c, name in columns.items() if any(name in row for row in rows)}
    several = len(confounded(rows)) > 1
    table.add_column("method", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for strength, of_strength in groupby(rows, key=strength_of):
        if several:
            table.add_row(f"r = {strength:g}")
        for row in of_strength:
            # At strength 0 that test set is not confounded.
            untold = {confounded_accuracy} if row.get("strength") == 0 else set()
            cells = ("" if name in untold else _cell(row, name) for name in columns.values())
            table.add_row(title_of(str(row["name"])), *cells)
    console.print(table)
    console.print(LEGEND.format(short=SHORT[test_set], test_set=test_set))
    for line in lines_of_draws(rows):
        console.print(line, markup=False, highlight=False)
    minutes = (
        sum(
            float(row[name]) * int(row["seeds"])
            for row in rows
            for name in row
            if name.startswith("seconds/")
        )
        / 60
    )
    console.print(f"{minutes:.1f} minutes of computing")


def _cell(row: Row, name: str) -> str:
    """A figure, and of an accuracy its interval below it."""
    if name not in row:
        return ""
    told, ends = f"{float(row[name]):.1f}", interval_of(row, name)
    size = keys.WORST_GROUP_SIZE.format(split=test_set_of(row))
    if name == keys.WORST_GROUP_ACCURACY.format(split=test_set_of(row)) and size in row:
        told += f" of {float(row[size]):.0f}"
    # That of flips is in ``table.md``.
    is_accuracy = name.endswith("accuracy")
    return f"{told}\n{ends[0]:.1f}-{ends[1]:.1f}" if ends and is_accuracy else told
