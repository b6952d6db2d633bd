"""The parts of a cell, each a command line; finished parts are not computed again."""

import json
import os
import shlex
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import wandb
from rich.console import Console

from datamodules.storage.atomic_files import whole_file, write_json

RunCommand = Callable[[str, list[str]], None]
"""Runs a command of `cfaug`, given its name and its words."""


@dataclass(frozen=True)
class Part:
    """One command.

    Args:
        title: What progress messages call it.
        folder: The folder of its run.
        words: Its words.
        files: What the YAMLs say that it alone reads, if any; they are written when it is run.
    """

    title: str
    folder: Path
    words: list[str]
    files: Mapping[Path, str] | None = None

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

    @property
    def stopped_file(self) -> Path:
        """The file with the seconds that it took before it was stopped."""
        return self.folder / "stopped.json"

    @property
    def checkpoint(self) -> Path:
        """What a ``fit`` that was stopped resumes from."""
        return self.folder / "checkpoints" / "last.ckpt"

    def seconds(self) -> float | None:
        """How long it took; None if it is not finished."""
        return _seconds_in(self.seconds_file)


def run_part(part: Part, group: str, console: Console, run_command: RunCommand) -> float:
    """Run a part unless it is finished; resume it if it was stopped.

    Args:
        part: The part.
        group: Group of the run in W&B.
        console: Console for progress messages.
        run_command: Runs a command.

    Returns:
        Seconds that the part took, now or earlier, all stretches of one that was stopped.
    """
    known = part.seconds()
    if known is not None:
        console.print(f"[dim]{part.title}: done before[/dim]")
        return known
    console.print(f"[bold]{part.title}[/bold]")
    for path, text in (part.files or {}).items():
        with whole_file(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    name, *words = part.words
    before = 0.0
    if part.checkpoint.exists():  # not among the words that are recorded
        words += ["--ckpt_path", str(part.checkpoint)]
        before = _seconds_in(part.stopped_file) or 0.0
    start = monotonic()
    os.environ["WANDB_RUN_GROUP"] = group
    try:
        run_one_of_many(name, words, run_command)
    except BaseException:
        if part.checkpoint.exists():
            with suppress(ValueError):  # on a full disk: what ended it is what to tell
                write_json(part.stopped_file, {"seconds": before + monotonic() - start})
        raise
    finally:
        del os.environ["WANDB_RUN_GROUP"]
    seconds = before + monotonic() - start
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


def _seconds_in(path: Path) -> float | None:
    """What a file of seconds says; None if there is none."""
    if not path.exists():
        return None
    return float(json.loads(path.read_text(encoding="utf-8"))["seconds"])
