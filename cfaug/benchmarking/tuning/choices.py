"""Chooses among the draws of a tuning."""

import csv
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cfaug.benchmarking.tuning.draws import SCORE, DrawCell
from datamodules.storage.atomic_files import whole_file

TUNED = "tuned.yaml"
"""File with the options of the best draw of each method, which a benchmark reads."""

Scores = dict[str, dict[int, float]]
"""The score of each draw, by method and number; the mean over seeds."""


def scores_of(cells: Sequence[DrawCell]) -> Scores:
    """The scores of finished cells."""
    found: dict[str, dict[int, list[float]]] = {}
    for cell in cells:
        if cell.is_done():
            figures = json.loads(cell.result.read_text(encoding="utf-8"))["figures"]
            found.setdefault(cell.key, {}).setdefault(cell.number, []).append(figures[SCORE])
    return {
        key: {number: statistics.fmean(each) for number, each in sorted(scores.items())}
        for key, scores in found.items()
    }


def best_of(scores: dict[int, float]) -> int:
    """The draw with the highest score; of equals the first."""
    return max(scores, key=lambda number: (scores[number], -number))


def write_choices(
    scores: Scores, cells: Sequence[DrawCell], folder: Path
) -> dict[str, dict[str, Any]]:
    """Write `TUNED`, and ``draws.csv`` with all draws and their scores.

    Args:
        scores: Of finished cells, see `scores_of`.
        cells: The cells of the tuning, of which some may be unfinished.
        folder: Where to.

    Returns:
        The options of the best draw of each method.
    """
    drawn = {(cell.key, cell.number): cell.chosen for cell in cells}
    best = {key: best_of(scores[key]) for key in sorted(scores)}
    chosen = {key: drawn[key, number] for key, number in best.items()}
    with whole_file(folder / TUNED) as part:
        part.write_text(yaml.safe_dump(chosen, sort_keys=False), encoding="utf-8")
    lines = [
        {
            "method": key,
            "draw": n,
            SCORE: round(score, 3),
            "chosen": best[key] == n,
            **drawn[key, n],
        }
        for key in sorted(scores)
        for n, score in scores[key].items()
    ]
    names = list(dict.fromkeys(name for line in lines for name in line))
    with (
        whole_file(folder / "draws.csv") as part,
        part.open("w", newline="", encoding="utf-8") as f,
    ):
        writer = csv.DictWriter(f, names)
        writer.writeheader()
        writer.writerows(lines)
    return chosen
