"""``cfaug benchmark``: methods, generators and data compared, from the audit to the table."""

from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cfaug.benchmarking.all_cells import cells_of
from cfaug.benchmarking.comparing.benchmark_tables import write_tables
from cfaug.benchmarking.comparing.draw_lines import lines_of_draws
from cfaug.benchmarking.comparing.roles import Row, told_of
from cfaug.benchmarking.comparing.rows import (
    GAP_CLOSED,
    confounded,
    difference_of,
    flat,
    interval_of,
    seconds_behind,
    strength_of,
    summarize,
    summarize_generators,
    test_set_of,
    told_apart,
)
from cfaug.benchmarking.computing.launch import Launch, compute, raise_failed
from cfaug.benchmarking.plan import Plan, require_fair, settings_of
from cfaug.benchmarking.recipes import refuse_methods_that_saw
from cfaug.cli.main import run_command
from cfaug.cli.options import made_from, parse_dataclasses
from cfaug.cli.results import record
from cfaug.reporting.advice import advice
from cfaug.reporting.page import write_report
from cfaug.reporting.runs import find_runs
from cfaug.tracking import keys
from cfaug.tracking.run_names import Identity, confounding_of
from datamodules.process.splits import CONFOUNDED, RESAMPLED, UNCONFOUNDED

SHORT = {UNCONFOUNDED: "unconf.", RESAMPLED: "resamp.", CONFOUNDED: "conf."}
"""The test sets as columns are called."""

LEGEND = """\
{short}, conf.: accuracy on the {test_set} and the confounded test set
worst: worst group of the {test_set} test set, and of how many images it is
below: 95 % intervals, of the test images and, with several seeds, of the seeds
closed: share of the way from ERM to the oracle
difference: to the best baseline on this test set, on the same images, points"""


def main(args: list[str]) -> None:
    """Run the command.

    Raises:
        ValueError: If a cell failed, after all others are done.
    """
    described = "Compare methods, from the audit to the table."
    options = parse_dataclasses("benchmark", described, args, Plan, Launch)
    plan, launch = made_from(options, Plan), made_from(options, Launch)
    console, words = Console(), ["benchmark", *args]
    require_fair(plan)
    refuse_methods_that_saw(plan)
    cells = cells_of(plan)
    failed = compute(cells, plan.folder, launch, words, run_command, console)
    if launch.tells_all:
        for data in plan.data:
            _tell(plan, data, words, console)
    raise_failed(failed)


def _tell(plan: Plan, data: Path, words: list[str], console: Console) -> None:
    """Write the tables on a data set, print the main one, and make its page."""
    kept, folder = (root / plan.place_of(data) for root in (plan.kept, plan.folder))
    rows, generators = summarize(kept), summarize_generators(kept)
    if not rows:
        return
    paths = write_tables(rows, generators, kept)
    show(data.stem, rows, generators, console)
    console.print(f"every figure with its command: {kept / 'table.md'}")
    if folder.exists():  # something was run here, and not only found where it is kept
        pictures = [path for path in paths if path.suffix == ".png"]
        told = {"methods": {name: told_of(row) for name, row in told_apart(rows).items()}}
        figures = flat([*rows, *generators])
        record(folder, words, identity_of(plan, data), figures, pictures, found=told)
        write_report([folder], folder / "report.html")
        # Others are for tables; `make compare` is asked which method to use.
        for line in advice(find_runs(folder)) if plan.test_on == "val" else []:
            console.print(line, markup=False, highlight=False)
        console.print(f"all of it on one page: {folder / 'report.html'}")


def identity_of(plan: Plan, data: Path) -> Identity:
    """What the benchmark on a data set, and the group of its runs, are called."""
    settings = settings_of(data)
    if plan.strengths is not None:
        settings["strength"] = plan.strengths[0] if len(plan.strengths) == 1 else None
    tags, strength = confounding_of(settings)
    named = (data.stem[:64], *tags)
    return Identity(data.stem, named, plan.folder.name, strength, test_on=plan.test_on)


def show(name: str, rows: list[Row], generators: list[Row], console: Console) -> None:
    """Print the table of methods."""
    test_set = test_set_of(rows[0])
    confounded_accuracy = keys.ACCURACY.format(split=CONFOUNDED)
    columns = {
        SHORT[test_set]: keys.ACCURACY.format(split=test_set),
        SHORT[CONFOUNDED]: confounded_accuracy,
        "worst": keys.WORST_GROUP_ACCURACY.format(split=test_set),
        "closed": GAP_CLOSED,
    }
    columns = {c: name for c, name in columns.items() if any(name in row for row in rows)}
    table = Table(
        title=f"{name}, mean over seeds, %", box=None, pad_edge=False, collapse_padding=True
    )
    table.add_column("method", overflow="fold")
    for column in (*columns, "difference", "labels"):
        table.add_column(column, justify="right")
    for strength, of_strength in groupby(rows, key=strength_of):
        if len(confounded(rows)) > 1:
            table.add_row(f"r = {strength:g}")
        for row in of_strength:
            # At strength 0 that test set is not confounded.
            untold = {confounded_accuracy} if row.get("strength") == 0 else set()
            cells = ["" if name in untold else _cell(row, name) for name in columns.values()]
            against = difference_of(row)
            told = "" if against is None else f"{against[0]:.1f}\n{_ends(against[1])}"
            table.add_row(str(row["name"]), *cells, told, str(row["labels"]))
    console.print(table)
    console.print(LEGEND.format(short=SHORT[test_set], test_set=test_set))
    for line in lines_of_draws([*rows, *generators]):
        console.print(line, markup=False, highlight=False)
    console.print(f"{seconds_behind(rows, generators) / 60:.1f} minutes of computing")


def _cell(row: Row, name: str) -> str:
    """A figure, and of an accuracy its interval below it."""
    if name not in row:
        return ""
    told, ends = f"{float(row[name]):.1f}", interval_of(row, name)
    size = keys.WORST_GROUP_SIZE.format(split=test_set_of(row))
    if name == keys.WORST_GROUP_ACCURACY.format(split=test_set_of(row)) and size in row:
        told += f" of {float(row[size]):.0f}"
    return f"{told}\n{_ends(ends)}" if ends else told


def _ends(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.1f}-{ends[1]:.1f}" if ends[0] >= 0 else f"{ends[0]:.1f} to {ends[1]:.1f}"
