"""Computes cells as the user asked: all or some, here or elsewhere."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jsonargparse.typing import PositiveInt
from rich.console import Console

from cfaug.benchmarking.cells import Cell, GeneratorCell
from cfaug.benchmarking.computing.launchers import Launcher, Processes, work_of
from cfaug.benchmarking.computing.listing import lines_of_rest
from cfaug.benchmarking.computing.runner import (
    FAILED,
    Runner,
    note_lost_generator,
    without_generator,
)
from cfaug.benchmarking.computing.slurm import Submitit
from cfaug.benchmarking.parts import RunCommand


@dataclass(frozen=True)
class Launch:
    """How cells are computed.

    Args:
        only: Compute these cells alone, named by their folders below ``folder``.
        jobs: Cells that are computed side by side on this machine.
        launcher: ``local``, or ``submitit`` for the jobs of a SLURM cluster.
        slurm: Options of submitit, such as ``{slurm_partition: gpu, timeout_min: 60}``.
        retry: Whether cells that failed are tried again.
        list: Only say what is left and how long it will take.
    """

    only: tuple[Path, ...] = ()
    jobs: PositiveInt = 1
    launcher: Literal["local", "submitit"] = "local"
    slurm: dict[str, Any] | None = None
    retry: bool = False
    list: bool = False

    @property
    def tells_all(self) -> bool:
        """Whether what all cells found is told at the end."""
        return not (self.only or self.list)


def raise_failed(failed: Sequence[Cell]) -> None:
    """Say that cells failed, after all others are done.

    Raises:
        ValueError: If there are any.
    """
    if failed:
        msg = (
            f"{len(failed)} of the cells failed, the first is {failed[0].title}; mend what "
            f"{failed[0].folder / FAILED} tells, and give the same command again with --retry true"
        )
        raise ValueError(msg)


def _compute_only(places: tuple[Path, ...], cells: Sequence[Cell], runner: Runner) -> list[Cell]:
    """Compute the cells at some places, or train their generators alone."""
    by_place = {cell.place: cell for cell in cells}
    generators = {g.place / g.fit().name: g for g in map(_generator_of, cells) if g is not None}
    failed = []
    for place in places:
        cell = by_place.get(place)
        if cell is None and (generator := generators.get(place)) is not None:
            runner.train(generator)
        elif cell is None:
            msg = f"--only names {place}, and no cell of this benchmark has that folder"
            raise ValueError(f"{msg}; --list true names all that are left")
        elif not cell.is_done():
            failed += runner.compute([cell])
    return failed


def compute(
    cells: Sequence[Cell],
    folder: Path,
    launch: Launch,
    words: list[str],
    run_command: RunCommand,
    console: Console,
) -> list[Cell]:
    """Compute all cells that are not finished, or those that ``launch`` names, or list them.

    Args:
        cells: All cells.
        folder: Folder of their runs.
        launch: How they are computed.
        words: Words of the command that computes them.
        run_command: Runs a command of the parts of a cell.
        console: Console for progress messages.

    Returns:
        Those that failed.

    Raises:
        ValueError: If there are no cells, or ``launch`` names one that is not there.
    """
    if not cells:
        msg = "--methods and --generators name nothing that can be computed on these data; name "
        raise ValueError(f"{msg}others")
    if launch.list:
        for line in lines_of_rest(cells, launch.jobs):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        return []
    runner = Runner(shlex.join(["cfaug", *words]), run_command, console)
    if launch.only:
        return _compute_only(launch.only, cells, runner)
    todo = [cell for cell in cells if not cell.is_done()]
    before = [cell for cell in todo if (cell.folder / FAILED).exists()]
    told = f", {len(before)} failed before" if before else ""
    left_out = before
    if launch.retry:
        left_out = []
        for cell in before:
            (cell.folder / FAILED).unlink()
    done = len(cells) - len(todo)
    todo = [cell for cell in todo if cell not in left_out]
    console.print(f"{len(cells)} cells: {done} done, {len(todo)} to do{told}")
    for cell in left_out:
        console.print(
            f"failed before: {cell.title}, see {cell.folder / FAILED}; --retry true tries it again"
        )
    runner.audit([cell for cell in todo if cell.setting.strength != 0.0])
    if launch.jobs == 1 and launch.launcher == "local":
        return runner.compute(todo) + left_out
    launcher: Launcher = Processes(console, launch.jobs)
    if launch.launcher == "submitit":
        launcher = Submitit(console, folder / "submitit", launch.slurm or {})
    generators, work = work_of(todo, words)
    failed = launcher.run(generators)
    lost = without_generator(todo, failed)
    for cell in lost:
        note_lost_generator(cell)
    failed += lost
    failed += launcher.run([item for item in work if item.cell not in failed])
    return failed + left_out


def _generator_of(cell: Cell) -> GeneratorCell | None:
    return cell if isinstance(cell, GeneratorCell) else cell.needs()
