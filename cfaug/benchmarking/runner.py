"""Runs the unfinished cells of a benchmark and keeps their results."""

import sys
import traceback

from rich.console import Console

from cfaug.benchmarking.cells import Cell, cells_of, strength_folder
from cfaug.benchmarking.parts import RunCommand, audit_part, run_part
from cfaug.benchmarking.plan import Plan, refuse_counterfactuals
from cfaug.tracking.claims import claim
from cfaug.user_errors import message_for_users
from datamodules.storage.atomic_files import whole_file

FAILED = "failed.txt"
"""File that a failed cell leaves in its folder until it is finished."""


def run_cells(plan: Plan, command: str, run_command: RunCommand, console: Console) -> list[Cell]:
    """Run the cells that are not finished.

    A stopped cell resumes where it stopped. A cell that fails leaves `FAILED`; the other cells
    still run, and the next call tries it again.

    Args:
        plan: The benchmark.
        command: Its command line.
        run_command: Runs a command.
        console: Console for progress messages.

    Returns:
        The cells that failed.

    Raises:
        ValueError: If a cell was computed with other options, or the plan is wrong.
    """
    refuse_counterfactuals(plan.data)
    cells = cells_of(plan)
    todo = [cell for cell in cells if not cell.is_done()]
    before = sum((cell.folder / FAILED).exists() for cell in todo)
    told = f", {before} failed before" if before else ""
    console.print(f"{len(cells)} cells: {len(cells) - len(todo)} done, {len(todo)} to do{told}")
    group, failed = plan.folder.name, []
    for strength in dict.fromkeys(cell.strength for cell in todo if cell.name != "oracle"):
        folder = plan.folder / strength_folder(strength)
        run_part(folder, audit_part(plan, folder, strength), group, console, run_command)
    for number, cell in enumerate(todo, start=1):
        console.rule(f"{number}/{len(todo)}: {cell.title}")
        try:
            _compute(cell, command, run_command, console)
        except Exception as error:
            _note(cell, error)
            failed.append(cell)
        else:
            (cell.folder / FAILED).unlink(missing_ok=True)
    return failed


def _compute(cell: Cell, command: str, run_command: RunCommand, console: Console) -> None:
    claim(cell.folder / "options.json", cell.options, "a cell")
    group = cell.plan.folder.name
    parts = list(cell.parts())
    seconds = {
        part.name: run_part(cell.folder, part, group, console, run_command) for part in parts
    }
    cell.keep(command, seconds)


def _note(cell: Cell, error: Exception) -> None:
    """Report a cell that failed, and leave the traceback in its folder."""
    note = cell.folder / FAILED
    with whole_file(note) as part:
        part.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    told = message_for_users(error) or f"{type(error).__name__}: {error}"
    print(f"{cell.title} failed, the others go on: {told} (all of it in {note})", file=sys.stderr)
