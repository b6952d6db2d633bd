"""The parts of a cell, each a command line; finished parts are not computed again."""

import json
import os
import shlex
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import wandb
import yaml
from rich.console import Console

from cfaug.benchmarking.methods import METHODS
from cfaug.benchmarking.plan import Plan
from datamodules.storage.atomic_files import whole_file, write_json

RunCommand = Callable[[str, list[str]], None]
"""Runs a command of `cfaug`, given its name and its words."""


@dataclass(frozen=True)
class Part:
    """One command: its title, its folder below that of the cell, and its words."""

    title: str
    name: str
    words: list[str]

    @property
    def command(self) -> str:
        """The command line."""
        return shlex.join(["cfaug", *self.words])


def audit_part(plan: Plan, folder: Path, strength: float | None) -> Part:
    """Audit the training data of a strength, in the draw of the first seed."""
    words = ["audit", "-c", str(plan.data), *_data_options(plan, strength, plan.seeds[0])]
    return Part("audit", "audit", [*words, "--folder", str(folder / "audit")])


def generator_parts(
    plan: Plan, folder: Path, strength: float | None, seed: int, config: Path
) -> Iterator[Part]:
    """Train a generator, then judge it."""
    words = _fit_words(plan, folder, "generator", strength, seed, plan.generator_epochs, config)
    yield Part("generator", "generator", ["generator", "fit", *words])
    checkpoint = folder / "generator" / "checkpoints" / "last.ckpt"
    words = ["evaluate", "-c", str(plan.data), *_data_options(plan, strength, seed)]
    words += ["--folder", str(folder / "evaluate"), "--generator", str(checkpoint)]
    words += ["--steps", str(plan.judge_steps), "--seed", str(seed)]
    yield Part("judging the generator", "evaluate", words)


def classifier_part(
    plan: Plan, folder: Path, strength: float | None, seed: int, method: str, generator: Path | None
) -> Part:
    """Train and test the classifier of a method, a key of `METHODS`."""
    name = "classifier"
    epochs = plan.classifier_epochs
    words = _fit_words(plan, folder, name, strength, seed, epochs, plan.classifier)
    words += [word.format(generator=generator) for word in METHODS[method]]
    return Part("classifier", name, ["classifier", "fit", *words])


def _data_options(plan: Plan, strength: float | None, seed: int) -> list[str]:
    """Options that every command gets on top of the data's YAML."""
    named = {"strength": strength, "root": plan.root, "seed": seed}
    return [
        word
        for name, value in named.items()
        if value is not None
        for word in (f"--data.init_args.{name}", str(value))
    ]


def _fit_words(
    plan: Plan,
    folder: Path,
    name: str,
    strength: float | None,
    seed: int,
    epochs: int | None,
    config: Path,
) -> list[str]:
    """Words of ``fit`` that put a run into a folder of its own."""
    place = {"save_dir": str(folder), "name": "", "version": name}
    run = f"{name} {folder.relative_to(plan.folder).as_posix()}"
    online = {"save_dir": str(plan.folder), "project": "cfaug", "name": run}
    loggers = [
        {"class_path": "CSVLogger", "init_args": place},
        {"class_path": "WandbLogger", "init_args": online},
    ]
    trainer: dict[str, object] = {"logger": loggers}
    if epochs is not None:
        trainer["max_epochs"] = epochs
    overlay = folder / f"{name}.yaml"
    with whole_file(overlay) as part:
        part.write_text(yaml.safe_dump({"trainer": trainer}), encoding="utf-8")
    configs = [plan.base, plan.data, config, overlay]
    words = [word for path in configs for word in ("-c", str(path))]
    return [*words, *_data_options(plan, strength, seed), "--seed_everything", str(seed)]


def run_part(
    folder: Path, part: Part, group: str, console: Console, run_command: RunCommand
) -> float:
    """Run a part unless it is finished; resume it if it was stopped.

    Args:
        folder: Folder of the cell.
        part: The part.
        group: Group of the run in W&B.
        console: Console for progress messages.
        run_command: Runs a command.

    Returns:
        Seconds that the part took, now or earlier.
    """
    done = folder / part.name / "seconds.json"  # written last
    if done.exists():
        console.print(f"[dim]{part.title}: done before[/dim]")
    else:
        console.print(f"[bold]{part.title}[/bold]")
        start = monotonic()
        name, *rest = part.words
        os.environ["WANDB_RUN_GROUP"] = group
        try:
            run_one_of_many(name, [*rest, *_resume(folder / part.name)], run_command)
        finally:
            del os.environ["WANDB_RUN_GROUP"]
        write_json(done, {"seconds": monotonic() - start})
    return float(json.loads(done.read_text(encoding="utf-8"))["seconds"])


def run_one_of_many(name: str, words: list[str], run_command: RunCommand) -> None:
    """Run a command whose W&B run ends with it, without Lightning's warnings.

    Args:
        name: Name of the command.
        words: Its words.
        run_command: Runs a command.
    """
    try:
        with warnings.catch_warnings():
            # Of folders that are used again and of short epochs: both are meant so here.
            warnings.filterwarnings("ignore", module="lightning")
            run_command(name, words)
    finally:
        wandb.finish()  # or the next command would log into this one's run


def _resume(folder: Path) -> list[str]:
    """Words that resume a stopped ``fit``; they are not part of the recorded command."""
    checkpoint = folder / "checkpoints" / "last.ckpt"
    return ["--ckpt_path", str(checkpoint)] if checkpoint.exists() else []
