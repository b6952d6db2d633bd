"""``cfaug benchmark``: the whole loop for each cell, from the audit to the table, resumable."""

import shlex

from rich import box
from rich.console import Console
from rich.table import Table

from cfaug.benchmarking.benchmark_tables import write_tables
from cfaug.benchmarking.methods import title_of
from cfaug.benchmarking.plan import Plan, settings_of
from cfaug.benchmarking.rows import Row, confounded, flat, summarize
from cfaug.benchmarking.runner import FAILED, run_cells
from cfaug.cli.main import run_command
from cfaug.cli.options import parse_dataclass
from cfaug.cli.results import record
from cfaug.reporting.page import write_report
from cfaug.tracking.keys import ACCURACY
from cfaug.tracking.run_names import Identity, confounding_of

CONFOUNDED = ACCURACY.format(split="confounded")

LEGEND = """\
unconf., conf.: accuracy on the unconfounded and the confounded test set
worst: worst group of the unconfounded test set; ±: standard error over seeds
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
    # Nine columns fit 80 characters without lines between them.
    table = Table(
        title=f"{plan.data.stem}, mean over seeds, %",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    columns = {
        "unconf.": "accuracy",
        "±": "standard_error",
        "conf.": CONFOUNDED,
        "worst": "test/unconfounded_worst_group_accuracy",
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
    if several:
        table.add_column("r", justify="right")
    table.add_column("method", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        untold = {CONFOUNDED} if row.get("strength") == 0 else set()  # it is not confounded then
        values = (None if name in untold else row.get(name) for name in columns.values())
        cells = ["" if value is None else f"{float(value):.1f}" for value in values]
        strength = [f"{row.get('strength', '')}"] if several else []
        table.add_row(*strength, title_of(str(row["name"])), *cells)
    console.print(table)
    console.print(LEGEND)
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
