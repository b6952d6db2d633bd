"""``cfaug tune``: as many random draws of each method's options, and the best of each."""

from rich.console import Console
from rich.table import Table

from cfaug.benchmarking.computing.launch import Launch, compute, raise_failed
from cfaug.benchmarking.plan import Plan, require_fair
from cfaug.benchmarking.recipes import refuse_methods_that_saw
from cfaug.benchmarking.tuning.choices import TUNED, best_of, scores_of, write_choices
from cfaug.benchmarking.tuning.draws import SCORE, Tuning, draw_cells
from cfaug.cli.main import run_command
from cfaug.cli.options import made_from, parse_dataclasses


def main(args: list[str]) -> None:
    """Run the command.

    Raises:
        ValueError: If a method learns from the images that choose its options, or a cell failed,
            after all others are done.
    """
    described = "Draw options of each method at random, keep the best."
    # With `tuned` too, which YAMLs of benchmarks name and a tuning leaves unread.
    options = parse_dataclasses("tune", described, args, Plan, Tuning, Launch)
    plan, launch = made_from(options, Plan), made_from(options, Launch)
    console, words = Console(), ["tune", *args]
    require_fair(plan)
    refuse_methods_that_saw(plan, tuning=True)
    cells = draw_cells(plan, made_from(options, Tuning))
    failed = compute(cells, plan.folder, launch, words, run_command, console)
    if launch.tells_all and (found := scores_of(cells)):
        chosen = write_choices(found, cells, plan.kept)
        table = Table("method", "as its YAML", "best", "with", box=None, title=SCORE + ", %")
        for key, scores in sorted(found.items()):
            told = ", ".join(f"{n.rpartition('.')[2]} {_short(v)}" for n, v in chosen[key].items())
            default = f"{scores[0]:.1f}" if 0 in scores else ""
            table.add_row(key, default, f"{scores[best_of(scores)]:.1f}", told)
        console.print(table)
        console.print(f"for --tuned of `cfaug benchmark`: {plan.kept / TUNED}")
    raise_failed(failed)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).rpartition(".")[2]
