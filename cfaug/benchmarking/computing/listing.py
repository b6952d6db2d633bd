"""What is left of a benchmark, and how long it will take."""

import json
from collections.abc import Sequence
from statistics import median

from cfaug.benchmarking.cells import Cell


def minutes_of(cells: Sequence[Cell]) -> dict[Cell, float | None]:
    """How long unfinished cells will take, in minutes.

    Args:
        cells: All cells of the benchmark.

    Returns:
        For each unfinished cell the median of the finished cells of its name and data, or of all
        finished cells of its kind, a generator's or a method's; None where none is finished.
    """
    known: dict[object, list[float]] = {}
    left = []
    for cell in cells:
        if not cell.is_done():
            left.append(cell)
            continue
        took = json.loads(cell.result.read_text(encoding="utf-8"))["seconds"]
        # Without those of a generator, which methods share.
        minutes = sum(took[part.name] for part in cell.parts()) / 60
        for kind in ((cell.setting.data, cell.name), type(cell)):
            known.setdefault(kind, []).append(minutes)
    likely = (known.get((c.setting.data, c.name)) or known.get(type(c)) for c in left)
    return {c: median(known) if known else None for c, known in zip(left, likely, strict=True)}


def lines_of_rest(cells: Sequence[Cell], jobs: int) -> list[str]:
    """What to print of what is left: a line for each cell, and the sum.

    Args:
        cells: All cells of the benchmark.
        jobs: How many are computed side by side.
    """
    minutes = minutes_of(cells)
    lines = [
        f"{cell.title}: {'?' if told is None else f'{told:.1f} minutes'}"
        for cell, told in minutes.items()
    ]
    known = [told for told in minutes.values() if told is not None]
    unknown = len(minutes) - len(known)
    if unknown and not known:
        return [*lines, f"{unknown} left: how long they take is known once a cell is finished"]
    more = f", not counting {unknown} of which nothing is known" if unknown else ""
    return [*lines, f"{len(minutes)} left: {sum(known) / jobs:.0f} minutes{more}"]
