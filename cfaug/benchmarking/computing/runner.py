"""Computes the cells of a benchmark and keeps their results."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from cfaug.benchmarking.cells import Cell, GeneratorCell
from cfaug.benchmarking.commands import audit_part
from cfaug.benchmarking.parts import Part, RunCommand, run_part
from cfaug.tracking.claims import claim
from cfaug.user_errors import message_for_users
from datamodules.storage.atomic_files import whole_file

FAILED = "failed.txt"
"""File that a failed cell leaves in its folder until it is finished."""


@dataclass(frozen=True)
class Runner:
    """Computes cells in this process, one after the other.

    A stopped cell resumes where it stopped. A cell that fails leaves `FAILED`, and the others still
    run.

    Args:
        command: The command line of the benchmark, for the results.
        run_command: Runs a command.
        console: Console for progress messages.
    """

    command: str
    run_command: RunCommand
    console: Console

    def audit(self, cells: Sequence[Cell]) -> None:
        """Audit the data of cells: each data set and strength once, in the draw of one seed."""
        for cell in {cell.setting.place: cell for cell in reversed(cells)}.values():
            self._run(audit_part(cell.setting), cell)

    def compute(self, cells: Sequence[Cell]) -> list[Cell]:
        """Compute cells; those that failed are returned."""
        failed: list[Cell] = []
        for number, cell in enumerate(cells, start=1):
            self.console.rule(f"{number}/{len(cells)}: {cell.title}")
            if without_generator([cell], failed):
                note_lost_generator(cell)
                failed.append(cell)
                continue
            try:
                self._compute(cell)
            except Exception as error:
                told = message_for_users(error) or f"{type(error).__name__}: {error}"
                whole = "".join(traceback.format_exception(error))
                generator = cell.needs()
                if generator is None or generator.is_fit():
                    note_failure(cell, told, whole)
                else:  # and the others that need it are not to train it again
                    note_failure(generator, told, whole)
                    note_lost_generator(cell)
                    failed.append(generator)
                failed.append(cell)
        return failed

    def train(self, generator: GeneratorCell) -> float:
        """Train the generator of a cell unless it is trained; the seconds that it took."""
        claim(generator.folder / "options.json", generator.options, "a cell")
        was_fit = generator.is_fit()
        seconds = self._run(generator.fit(), generator)
        if not was_fit:  # else a failure that is noted is that of its judges
            (generator.folder / FAILED).unlink(missing_ok=True)
        return seconds

    def _compute(self, cell: Cell) -> None:
        generator, seconds = cell.needs(), dict[str, float]()
        if generator is not None:
            seconds["generator"] = self.train(generator)
        claim(cell.folder / "options.json", cell.options, "a cell")
        seconds |= {part.name: self._run(part, cell) for part in cell.parts()}
        cell.keep(self.command, seconds)
        (cell.folder / FAILED).unlink(missing_ok=True)

    def _run(self, part: Part, cell: Cell) -> float:
        return run_part(part, cell.setting.plan.folder.name, self.console, self.run_command)


def without_generator(cells: Sequence[Cell], failed: Sequence[Cell]) -> list[Cell]:
    """The cells that cannot be computed because the training of their generator failed.

    Args:
        cells: The cells.
        failed: Cells that failed.
    """
    lost = [cell.place for cell in failed if isinstance(cell, GeneratorCell) and not cell.is_fit()]
    return [cell for cell in cells if (g := cell.needs()) is not None and g.place in lost]


def note_lost_generator(cell: Cell) -> None:
    """Note that a cell failed because its generator did."""
    generator = cell.needs()
    assert generator is not None
    told = f"its generator failed, see {generator.folder / FAILED}"
    note_failure(cell, told, told)


def note_failure(cell: Cell, told: str, whole: str) -> None:
    """Report a cell that failed, and leave all that is known of it in its folder."""
    note = cell.folder / FAILED
    with whole_file(note) as part:
        part.write_text(whole, encoding="utf-8")
    print(f"{cell.title} failed, the others go on: {told} (all of it in {note})", file=sys.stderr)
