"""``cfaug benchmark``: the whole loop, from the audit to the table, resumable."""

import statistics
from inspect import signature
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from cfaug.benchmarking.loop import (
    TITLES,
    Plan,
    claim_folder,
    classifier_figures,
    classifier_parts,
    command_part,
    data_class,
    gap_closed,
    generator_parts,
    hush,
    judged_figures,
    load_yaml,
    run_part,
    standard_error,
)
from cfaug.cli.main import run_command
from cfaug.cli.options import parse_dataclass
from cfaug.cli.results import record
from cfaug.plotting.charts import save_accuracies
from cfaug.reporting.page import write_report
from cfaug.tracking import keys
from cfaug.tracking.keys import UNCONFOUNDED
from cfaug.tracking.run_names import Identity, confounding_of


def main(args: list[str]) -> None:
    """Run the command."""
    plan = parse_dataclass(Plan, "benchmark", "Run the whole loop.", args)
    run(plan, ["benchmark", *args])


def identity_of(plan: Plan) -> Identity:
    """What the benchmark, and the group of its runs, are called."""
    parameters = signature(data_class(plan.data)).parameters
    settings = {name: parameter.default for name, parameter in parameters.items()}
    settings |= load_yaml(plan.data)["data"].get("init_args") or {}
    if plan.strength is not None:
        settings["strength"] = plan.strength
    tags, strength = confounding_of(settings)
    return Identity(plan.data.stem, (plan.data.stem[:64], *tags), plan.folder.name, strength)


def run(plan: Plan, command: list[str]) -> None:
    """Run what is not done yet, then print the table and write the pictures.

    Args:
        plan: What to run.
        command: Words of the command, without ``cfaug``.
    """
    hush()
    folder, console = plan.folder, Console()
    identity = identity_of(plan)
    claim_folder(plan)
    # What a judge would read of them is in the figures of judging the generator.
    written = ["--generator", str(plan.checkpoint), "--judge_steps", "0"]
    parts = [
        command_part(plan, "audit", "audit"),
        *generator_parts(plan),
        command_part(plan, "writing counterfactuals", "augment", *written),
        *classifier_parts(plan, plan.methods),
    ]
    seconds = [run_part(folder, part, identity.group, console, run_command) for part in parts]
    figures = summarize(folder, plan.seeds, plan.methods) | {"seconds": sum(seconds)}
    accuracies = {
        TITLES[method]: [
            classifier_figures(folder, method, seed)[UNCONFOUNDED] for seed in plan.seeds
        ]
        for method in plan.methods
    }
    pictures = [folder / "accuracy.png"]
    save_accuracies(accuracies, pictures[0])
    found = {"commands": {part.name: part.command for part in parts}}
    record(folder, command, identity, figures, pictures, found=found)
    show(folder, plan, figures, console)
    write_report([folder], folder / "report.html")
    console.print(f"all of it on one page: {folder / 'report.html'}")


LEGEND = """\
unconf., conf.: accuracy on the unconfounded and the confounded test set
worst: worst group of the unconfounded test set; ±: standard error over seeds
flips: predictions that change when only that attribute changes
excess: points below the oracle; closed: share of the way from ERM to the oracle"""


def summarize(folder: Path, seeds: tuple[int, ...], methods: list[str]) -> dict[str, float]:
    """Means over seeds of every test figure, ``<figure>/<method>``, and what follows from them."""
    figures: dict[str, float] = {}
    for method in methods:
        runs = [classifier_figures(folder, method, seed) for seed in seeds]
        for name in runs[0]:
            if name.startswith("test/"):
                values = [run[name] for run in runs]
                key = f"{name.removeprefix('test/')}/{method}"
                figures[key] = statistics.fmean(values)
                if name == UNCONFOUNDED and len(seeds) > 1:
                    figures[f"standard_error/{method}"] = standard_error(values)
    accuracy = {method: figures[f"unconfounded_accuracy/{method}"] for method in methods}
    if "oracle" in accuracy:
        for method, value in accuracy.items():
            figures[keys.EXCESS_ERROR.format(method=method)] = accuracy["oracle"] - value
            closed = gap_closed(value, accuracy["erm"], accuracy["oracle"])
            if closed is not None:
                figures[keys.GAP_CLOSED.format(method=method)] = closed
    return figures | judged_figures(folder)


def show(folder: Path, plan: Plan, figures: dict[str, float], console: Console) -> None:
    """Print the table."""
    strength = "" if plan.strength is None else f", strength {plan.strength}"
    title = f"{plan.data.stem}{strength}, mean of {len(plan.seeds)} seed(s), %"
    # Nine columns fit 80 characters without lines between them.
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    columns = {
        "unconf.": "unconfounded_accuracy",
        "±": "standard_error",
        "conf.": "confounded_accuracy",
        "worst": "unconfounded_worst_group_accuracy",
        **{
            f"flips\n{name.split('/')[1]}": name.removesuffix("/erm")
            for name in figures
            if name.startswith("flip_rate/") and name.endswith("/erm")
        },
        "excess": "excess_error",
        "closed": "gap_closed",
    }
    table.add_column("method", no_wrap=True)
    columns = {
        column: name for column, name in columns.items() if f"{name}/{plan.methods[0]}" in figures
    }
    for column in columns:
        table.add_column(column, justify="right")
    for method in plan.methods:
        values = (figures.get(f"{name}/{method}") for name in columns.values())
        table.add_row(
            TITLES[method], *("" if value is None else f"{value:.1f}" for value in values)
        )
    console.print(table)
    console.print(LEGEND)
    console.print(f"{figures['seconds'] / 60:.1f} minutes of computing")
    console.print(f"figures: {folder / 'metrics.json'}; command behind each: {folder / 'run.json'}")
    console.print(f"pictures: {folder / 'accuracy.png'}, {folder / 'evaluate'}, {folder / 'audit'}")
