"""Finished cells for the tests of tables."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_cell(
    folder: Path,
    name: str,
    strength: float | None,
    seed: int,
    accuracy: float,
    right: Sequence[int] = (1, 1, 1, 0),
    *,
    backbone: str = "convnet",
    seconds: dict[str, float] | None = None,
    updates: int = 860,
    **more: float,
) -> None:
    """Keep the cell of a method; with ``+`` in its name it has the generator that follows."""
    method, _, generator = name.partition("@")[0].partition("+")
    answers = {"test_set": "unconfounded", "images": len(right)}
    packed = np.packbits(np.array(right, dtype=bool)).tobytes().hex()
    labels = "known process" if method == "oracle" else "none"
    figures = {"test/unconfounded_accuracy": accuracy, **more}
    options = {"seed": str(seed), "backbone": backbone, "updates": str(updates)}
    options["method"] = f"methods/{method}.yaml (sha256 ab0ffafb165f)"
    if generator:
        options["generator"] = f"generator/{generator}.yaml (sha256 ca6d94ef0be7)"
    told = {"kind": "method", "labels": labels, "right": answers | {"right": packed}}
    told |= {"seconds": seconds or {"classifier": 60.0}, "options": options}
    keep(folder, name, strength, seed, told, figures)


def write_generator(folder: Path, name: str, strength: float | None, **more: float) -> None:
    """Keep the cell of a generator."""
    figures = {
        "generator/judge/color": 99.0,
        "generator/judge/digit": 98.0,
        "generator/confounding_before/color": 2.0,
        "generator/effectiveness/do-digit/digit": 91.0,
        "generator/effectiveness/do-color/digit": 97.0,
        "generator/leakage/color": 13.0,
        "generator/joint_leakage/color": 12.0,
        "generator/leakage_chance/color": 10.5,
        "generator/known_process/effectiveness/do-digit/digit": 95.0,
        "generator/exact_l1/color": 3.5,
        **more,
    }
    told: dict[str, object] = {"kind": "generator", "options": {"seed": "0"}}
    told["seconds"] = {"generator": 600.0, "evaluate": 300.0}
    keep(folder, name, strength, 0, told, figures)


def keep(
    folder: Path,
    name: str,
    strength: float | None,
    seed: int,
    told: dict[str, object],
    figures: dict[str, float],
) -> None:
    place = "as-given" if strength is None else f"r-{strength}"
    path = folder / place / name / f"seed-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = {"name": name, "strength": strength, "seed": seed, "figures": figures}
    cell |= {"benchmark": f"cfaug benchmark --seeds [{seed}]", "commit": "abc"}
    path.write_text(json.dumps(cell | told))


def read_table(folder: Path, first: str) -> dict[str, dict[str, str]]:
    """The rows of the table in ``table.md`` that begins with a column after the seeds, by name."""
    lines = [line.strip("| ") for line in (folder / "table.md").read_text().splitlines()]
    (start,) = (n for n, line in enumerate(lines) if f"| seeds | {first} |" in line)
    header = lines[start].split(" | ")
    rows = [line.split(" | ") for line in itertools.takewhile(bool, lines[start + 2 :])]
    return {row[1]: dict(zip(header, row, strict=True)) for row in rows}
