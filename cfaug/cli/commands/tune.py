"""``cfaug tune``: as many random draws of each method's options, and the best of each."""

import shlex

from rich.console import Console
from rich.table import Table

from cfaug.benchmarking.computing.launch import Launch, compute, list_rest, raise_failed
from cfaug.benchmarking.computing.runner import Runner
from cfaug.benchmarking.plan import Plan, refuse_counterfactuals
from cfaug.benchmarking.tuning.choices import TUNED, best_of, scores_of, write_choices
from cfaug.benchmarking.tuning.draws import SCORE, Tuning, draw_cells
from cfaug.cli.main import run_command
from cfaug.cli.options import command_parser, made_from


def main(args: list[str]) -> None:
    """Run the command.

    Raises:
        ValueError: If a cell failed, after all others are done.
    """
    parser = command_parser("tune", "Draw options of each method at random, keep the best.")
    parser.add_argument("-c", "--config", action="config", help="a YAML of these options")
    parser.add_class_arguments(Plan, None, skip={"tuned"})
    parser.add_class_arguments(Tuning, None)
    parser.add_class_arguments(Launch, None)
    options = parser.parse_args(args)
    plan, launch = made_from(options, Plan), made_from(options, Launch)
    console, words = Console(), ["tune", *args]
    for data in plan.data:
        refuse_counterfactuals(data)
    cells = draw_cells(plan, made_from(options, Tuning))
    if launch.list:
        list_rest(cells, launch, console)
        return
    runner = Runner(shlex.join(["cfaug", *words]), run_command, console)
    failed = compute(cells, plan.folder, launch, words, runner)
    if not launch.only:
        chosen = write_choices(cells, plan.kept)
        table = Table("method", "as its YAML", "best", "with", box=None, title=SCORE + ", %")
        for key, scores in sorted(scores_of(cells).items()):
            told = ", ".join(f"{n.rpartition('.')[2]} {_short(v)}" for n, v in chosen[key].items())
            default = f"{scores[0]:.1f}" if 0 in scores else ""
            table.add_row(key, default, f"{scores[best_of(scores)]:.1f}", told)
        console.print(table)
        console.print(f"for --tuned of `cfaug benchmark`: {plan.kept / TUNED}")
    raise_failed(failed)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).rpartition(".")[2]
