"""The runs that a report tells of, read back from their folders."""

import csv
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """What a run left.

    Args:
        name: Its folder, relative to the one that the user named, which several begin with.
        folder: Its folder.
        job: The command: audit, evaluate, augment, generator, classifier or benchmark; a test of a
            classifier by evaluate is one of classifier too.
        record: What ``run.json`` says.
        figures: What ``metrics.json`` says.
    """

    name: str
    folder: Path
    job: str
    record: Mapping[str, Any]
    figures: Mapping[str, float]

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV in the folder; none where there is no such file."""
        path = self.folder / name
        if not path.exists():
            return []
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def pictures(self) -> list[Path]:
        """The PNGs of the run, in order; others may lie in the folder from an earlier one."""
        if "pictures" in self.record:
            paths = [self.folder / name for name in self.record["pictures"]]
            return sorted(path for path in paths if path.exists())
        return sorted([*self.folder.glob("*.png"), *self.folder.glob("edits/*.png")])


def find_runs(folder: Path, prefix: str = "") -> list[Run]:
    """The run in a folder, and those in folders below it.

    Args:
        folder: The folder.
        prefix: What names of runs begin with.

    Raises:
        ValueError: If there is none, or a file of one cannot be read; the message names it.
    """
    places = sorted(path.parent for path in folder.rglob("run.json"))
    if not places:
        msg = f"there is no run in {folder}; expected a folder below runs/, with a run.json"
        raise ValueError(msg)
    return [_read(place, prefix + place.relative_to(folder).as_posix()) for place in places]


def _read(place: Path, name: str) -> Run:
    record = _json(place / "run.json")
    path = place / "metrics.json"
    figures = _json(path) if path.exists() else {}
    words = shlex.split(record.get("command", "cfaug benchmark"))
    if words[1:2] == ["evaluate"] and any(word.startswith("--classifier") for word in words):
        words[1] = "classifier"
    return Run(
        name.removesuffix("/.") if name != "." else place.name,
        place,
        words[1] if len(words) > 1 else "",
        record,
        figures,
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read: {error}; remove the run, or make it anew"
        raise ValueError(msg) from error
    return content
