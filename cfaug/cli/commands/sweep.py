"""``cfaug sweep``: a random search on this machine, from a file that ``wandb sweep`` takes too."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonargparse.typing import PositiveInt
from rich import print as show
from rich.table import Table

from cfaug.benchmarking.parts import run_one_of_many
from cfaug.benchmarking.plan import load_yaml
from cfaug.benchmarking.tuning.random_values import draw_values
from cfaug.cli.main import run_command
from cfaug.cli.options import command_parser
from cfaug.cli.results import make_folder
from cfaug.tracking.claims import claim
from datamodules.storage.atomic_files import write_json

ARGS = "${args}"


def main(args: list[str]) -> None:
    """Run the command."""
    parser = command_parser("sweep", "Try values of options at random.")
    parser.add_argument("file", type=Path, help="a sweep, e.g. experiments/sweeps/classifier.yaml")
    parser.add_argument("--count", type=PositiveInt, default=10, help="runs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the values")
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/sweep"), help="finished runs here are kept"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the commands, run nothing")
    options = parser.parse_args(args)
    sweep = load_yaml(options.file)
    trials = [trial(sweep, options.file, options.seed, n) for n in range(options.count)]
    if options.dry_run:
        for values in trials:
            print(shlex.join(["cfaug", *words(sweep, values)]))
        return
    make_folder(options.folder)
    found = [run(sweep, values, options.folder / f"run-{n}") for n, values in enumerate(trials)]
    name, goal = sweep["metric"]["name"], sweep["metric"]["goal"]
    table = Table(*trials[0], name, title=f"{options.file}: the best first")
    best = sorted(range(len(trials)), key=lambda n: found[n], reverse=goal == "maximize")
    for n in best:
        table.add_row(*map(_short, trials[n].values()), _short(found[n]))
    show(table)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def trial(sweep: Mapping[str, Any], file: Path, seed: int, number: int) -> dict[str, Any]:
    """Values for one run, which follow from the seed and its number.

    Raises:
        ValueError: If the file asks for what is not known here.
    """
    if sweep.get("method") != "random":
        msg = f"{file}: method is {sweep.get('method')}, expected random; others need `wandb sweep`"
        raise ValueError(msg)
    return draw_values(sweep["parameters"], seed, number, file)


def words(sweep: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The words of the command after ``cfaug``, with the values in the place of ``${args}``."""
    command: Sequence[str] = sweep["command"]
    rest = command[command.index("cfaug") + 1 : command.index(ARGS)]
    return [*rest, *(f"--{name}={value}" for name, value in values.items())]


def run(sweep: Mapping[str, Any], values: Mapping[str, Any], folder: Path) -> float:
    """The figure of a run, which is made unless it is there.

    Raises:
        ValueError: If a run with other values is there, or it left no such figure.
    """
    claim(folder / "values.json", {name: str(value) for name, value in values.items()}, "a run")
    done = folder / "done.json"  # written last: figures of training are there before a test
    if not done.exists():
        command, *rest = words(sweep, values)
        place = {"save_dir": str(folder.parent), "name": "", "version": folder.name}
        loggers = [
            {"class_path": "CSVLogger", "init_args": place},
            {
                "class_path": "WandbLogger",
                "init_args": {"save_dir": str(folder.parent), "project": "cfaug"},
            },
        ]
        run_one_of_many(command, [*rest, "--trainer.logger", json.dumps(loggers)], run_command)
        write_json(done, {})
    figures: dict[str, float] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    name = sweep["metric"]["name"]
    if name not in figures:
        msg = (
            f"the metric {name} is not in {folder / 'metrics.json'}; name one of {sorted(figures)}"
        )
        raise ValueError(msg)
    return figures[name]
