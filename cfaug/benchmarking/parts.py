"""The parts of a cell, each a command line; finished parts are not computed again."""

import json
import os
import shlex
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import wandb
from rich.console import Console

from datamodules.storage.atomic_files import write_json

RunCommand = Callable[[str, list[str]], None]
"""Runs a command of `cfaug`, given its name and its words."""


@dataclass(frozen=True)
class Part:
    """One command.

    Args:
        title: What progress messages call it.
        folder: The folder of its run.
        words: Its words.
    """

    title: str
    folder: Path
    words: list[str]

    @property
    def name(self) -> str:
        """The last part of its folder, its name in results."""
        return self.folder.name

    @property
    def command(self) -> str:
        """The command line."""
        return shlex.join(["cfaug", *self.words])

    @property
    def seconds_file(self) -> Path:
        """The file that it writes last."""
        return self.folder / "seconds.json"

    def seconds(self) -> float | None:
        """How long it took; None if it is not finished."""
        if not self.seconds_file.exists():
            return None
        return float(json.loads(self.seconds_file.read_text(encoding="utf-8"))["seconds"])


def run_part(part: Part, group: str, console: Console, run_command: RunCommand) -> float:
    """Run a part unless it is finished; resume it if it was stopped.

    Args:
        part: The part.
        group: Group of the run in W&B.
        console: Console for progress messages.
        run_command: Runs a command.

    Returns:
        Seconds that the part took, now or earlier.
    """
    known = part.seconds()
    if known is not None:
        console.print(f"[dim]{part.title}: done before[/dim]")
        return known
    console.print(f"[bold]{part.title}[/bold]")
    start = monotonic()
    name, *rest = part.words
    os.environ["WANDB_RUN_GROUP"] = group
    try:
        run_one_of_many(name, [*rest, *_resume(part.folder)], run_command)
    finally:
        del os.environ["WANDB_RUN_GROUP"]
    seconds = monotonic() - start
    write_json(part.seconds_file, {"seconds": seconds})
    return seconds


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
