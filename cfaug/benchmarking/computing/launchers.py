"""Computes cells side by side: as processes of this machine, or as jobs of a cluster."""

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import ClassVar, Protocol

from rich.console import Console

from cfaug.benchmarking.cells import Cell, GeneratorCell
from cfaug.benchmarking.computing.runner import FAILED, note_failure

LOG = "log.txt"
"""What a process that computes a cell prints, in the folder of the cell."""


@dataclass(frozen=True)
class Work:
    """A command that computes a cell, or trains its generator alone.

    Args:
        cell: The cell.
        words: The words of the command.
        is_generator_alone: Whether the generator alone is trained.
    """

    cell: Cell
    words: list[str]
    is_generator_alone: bool = False

    @property
    def title(self) -> str:
        """What progress messages call it."""
        return f"{'generator of ' if self.is_generator_alone else ''}{self.cell.title}"

    @property
    def log(self) -> Path:
        """Where what it prints is kept."""
        return self.cell.folder / LOG

    def is_done(self) -> bool:
        """Whether it left what it was to compute."""
        if self.is_generator_alone:
            assert isinstance(self.cell, GeneratorCell)
            return self.cell.is_fit()
        return self.cell.is_done()


def work_of(cells: Sequence[Cell], words: Sequence[str]) -> tuple[list[Work], list[Work]]:
    """What to run for cells: generators that several of them need, and then the cells.

    Args:
        cells: The cells.
        words: Words of the benchmark's command, to which those that name a cell are added.
    """
    needed = {g.place: g for cell in cells if (g := cell.needs()) is not None}
    generators = [
        Work(g, _only(words, place / g.fit().name), is_generator_alone=True)
        for place, g in needed.items()
        if not g.is_fit()
    ]
    return generators, [Work(cell, _only(words, cell.place)) for cell in cells]


def _only(words: Sequence[str], place: Path) -> list[str]:
    return [sys.executable, "-m", "cfaug", *words, "--only", f"[{place.as_posix()}]"]


class Handle(Protocol):
    """A command that was started."""

    def ended(self) -> str | None:
        """How it ended; None while it has not."""

    def stop(self) -> None:
        """Tell it to stop."""

    def wait(self) -> None:
        """Wait until it has ended, where it does so at once."""


@dataclass(frozen=True)
class Launcher(ABC):
    """Runs commands side by side.

    Args:
        console: Console for progress messages.

    Attributes:
        pause: Seconds between two looks at what is running.
    """

    pause: ClassVar[float]
    console: Console

    @property
    @abstractmethod
    def at_once(self) -> int:
        """How many commands may run at a time."""

    @abstractmethod
    def start(self, work: Sequence[Work]) -> Sequence[Handle]:
        """Start commands, as many as `at_once` lets."""

    def run(self, work: Sequence[Work]) -> list[Cell]:
        """Run commands; Ctrl-C stops all, and the next call goes on with them.

        Args:
            work: The commands.

        Returns:
            The cells of those that failed.
        """
        waiting, failed, done = list(work), [], 0
        running: list[tuple[Work, Handle, float]] = []
        try:
            while waiting or running:
                room = self.at_once - len(running)
                if batch := waiting[:room]:
                    del waiting[:room]
                    handles, now = self.start(batch), monotonic()
                    running += [(*both, now) for both in zip(batch, handles, strict=True)]
                sleep(self.pause)
                for entry in list(running):
                    item, handle, began = entry
                    if (ended := handle.ended()) is None:
                        continue
                    running.remove(entry)
                    done += 1
                    if settle(item, ended):
                        took = f"{(monotonic() - began) / 60:.1f} minutes"
                        self.console.print(f"{done}/{len(work)}: {item.title}, {took}")
                    else:
                        failed.append(item.cell)
        except BaseException:
            for _, handle, _ in running:
                handle.stop()
            for _, handle, _ in running:
                handle.wait()
            raise
        return failed


class Process:
    """A command as a process of this machine.

    Args:
        item: The command.
        threads: Threads that it computes with.
    """

    def __init__(self, item: Work, threads: int) -> None:
        item.log.parent.mkdir(parents=True, exist_ok=True)
        with item.log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                item.words,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                start_new_session=True,  # Ctrl-C comes from here, once
            )

    def ended(self) -> str | None:
        """See `Handle`."""
        status = self._process.poll()
        return None if status is None else f"it ended with the status {status}"

    def stop(self) -> None:
        """See `Handle`."""
        self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """See `Handle`."""
        self._process.wait()


@dataclass(frozen=True)
class Processes(Launcher):
    """Runs commands as processes of this machine.

    Args:
        console: Console for progress messages.
        jobs: How many at a time; they share the cores evenly.
    """

    pause: ClassVar[float] = 0.2
    jobs: int

    @property
    def at_once(self) -> int:
        """See `Launcher`."""
        return self.jobs

    def start(self, work: Sequence[Work]) -> Sequence[Handle]:
        """See `Launcher`."""
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        return [Process(item, threads) for item in work]


def settle(item: Work, ended: str) -> bool:
    """Whether a command that ended left what it was to compute; otherwise its failure is noted.

    Args:
        item: The command.
        ended: How it ended.
    """
    if item.is_done():
        return True
    if not (item.cell.folder / FAILED).exists():  # it was killed, or never began
        log = item.log.read_text(encoding="utf-8") if item.log.exists() else ""
        note_failure(item.cell, ended, f"{ended}\n{log}")
    else:
        print(f"{item.title} failed, the others go on: {item.cell.folder / FAILED}")
    return False
