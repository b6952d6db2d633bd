"""Chooses among the draws of a tuning."""

import csv
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cfaug.benchmarking.plan import load_choices
from cfaug.benchmarking.tuning.draws import SCORE, DrawCell
from datamodules.storage.atomic_files import whole_file

TUNED = "tuned.yaml"
"""File with the options of the best draw of each method, which a benchmark reads."""

DRAWS = "draws.csv"
"""File with the score and the options of each draw."""

Scores = dict[str, dict[int, float]]
"""The score of each draw, by method and number; the mean over seeds."""


def scores_of(cells: Sequence[DrawCell]) -> Scores:
    """The scores of the draws of which all seeds are finished.

    Others are not compared: a seed on which every draw does worse would be missing in their mean.

    Args:
        cells: All cells of the tuning.
    """
    draws: dict[tuple[str, int], list[DrawCell]] = {}
    for cell in cells:
        draws.setdefault((cell.key, cell.number), []).append(cell)
    found: Scores = {}
    for (key, number), seeds in draws.items():
        if all(cell.is_done() for cell in seeds):
            each = [json.loads(cell.result.read_text(encoding="utf-8")) for cell in seeds]
            score = statistics.fmean(float(cell["figures"][SCORE]) for cell in each)
            found.setdefault(key, {})[number] = score
    return found


def best_of(scores: dict[int, float]) -> int:
    """The draw with the highest score; of equals the first."""
    return max(scores, key=lambda number: (scores[number], -number))


def write_choices(
    scores: Scores, cells: Sequence[DrawCell], folder: Path
) -> dict[str, dict[str, Any]]:
    """Write `TUNED`, and `DRAWS` with all draws and their scores.

    What the files say of methods that have no score stays.

    Args:
        scores: Of finished draws, see `scores_of`.
        cells: The cells of the tuning, of which some may be unfinished.
        folder: Where to.

    Returns:
        The options of the best draw of each method that has a score.

    Raises:
        ValueError: If a file that is there is no file of tuning.
    """
    drawn = {(cell.key, cell.number): cell.chosen for cell in cells}
    best = {key: best_of(scores[key]) for key in sorted(scores)}
    chosen = {key: drawn[key, number] for key, number in best.items()}
    path = folder / TUNED
    known = load_choices(path) if path.exists() else {}
    lines = [line for line in _known_draws(folder / DRAWS) if line["method"] not in scores]
    lines += [
        {
            "method": key,
            "draw": n,
            SCORE: round(score, 3),
            "chosen": best[key] == n,
            **drawn[key, n],
        }
        for key in scores
        for n, score in scores[key].items()
    ]
    lines.sort(key=lambda line: (line["method"], int(line["draw"])))
    with whole_file(path) as part:
        text = yaml.safe_dump(dict(sorted((known | chosen).items())), sort_keys=False)
        part.write_text(text, encoding="utf-8")
    names = list(dict.fromkeys(name for line in lines for name in line))
    with whole_file(folder / DRAWS) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(lines)
    return chosen


def _known_draws(path: Path) -> list[dict[str, Any]]:
    """The lines of `DRAWS`; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = [
            {name: said for name, said in line.items() if said} for line in csv.DictReader(file)
        ]
    if not all({"method", "draw"} <= line.keys() for line in lines):
        msg = f"{path} is no file of `cfaug tune`: it has no method and draw in each line; move it"
        raise ValueError(msg)
    return lines
