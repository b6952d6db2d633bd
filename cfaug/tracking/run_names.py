"""What runs are called in W&B: names, tags and groups."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

RECORD = "run.json"


@dataclass(frozen=True)
class Identity:
    """What a run is called in W&B.

    Args:
        data: Name of the data: that of their YAML, or of the class of the data module.
        tags: The name of the data, the strength of the confounding, and whether test figures are of
            validation images.
        group: The name that a generator's run shares with all that use the generator.
        strength: Of the confounding, where it is one number.
        method: How a classifier is trained.
        test_on: The images that the test sets are made of, where the data can choose.
        started: When it began.
    """

    data: str
    tags: tuple[str, ...]
    group: str
    strength: float | None = None
    method: str | None = None
    test_on: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def options(self, job: str) -> dict[str, Any]:
        """Arguments of ``wandb.init``, and of a ``WandbLogger``, for a job on the data."""
        return {"name": f"{job} {self.data}", "group": self.group, "tags": list(self.tags)}


def identify(options: Any, origin: Path | None = None, method: str | None = None) -> Identity:
    """Name a run after its options.

    Args:
        options: What a parser read: ``config``, the YAMLs, and ``data``, the data module; without
            ``data`` it is a run on a table.
        origin: The checkpoint or folder of counterfactuals that the run uses, whose group it joins;
            ``WANDB_RUN_GROUP`` goes before it. Without both the group is new.
        method: See `Identity`.
    """
    data = options.get("data")
    settings: Any = {}
    if data is None:
        name = Path(str(options.table)).stem
    else:
        name = _yaml_of_data(options) or data.class_path.rpartition(".")[2]
        settings = data.get("init_args") or {}
    tags, strength = confounding_of(settings)
    test_on = settings.get("test_on")
    if test_on == "val":
        tags.append("tested on validation images")
    known = None if origin is None else read_record(origin).get("group")
    new = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    group = os.environ.get("WANDB_RUN_GROUP") or known or new
    return Identity(name, (name[:64], *tags), group, strength, method, test_on)


def confounding_of(settings: Mapping[str, Any]) -> tuple[list[str], float | None]:
    """How confounded data are, from the options of their data module.

    Returns:
        Tags, and the strength where it is one number.
    """
    share, strength = settings.get("conflicting_share"), settings.get("strength")
    if share is not None:  # it takes the place of the strength
        return [f"conflicting share {share}"], None
    if isinstance(strength, int):  # as YAML reads 1
        strength = float(strength)
    tags = [] if strength is None else [f"strength {strength}"[:64]]
    return tags, strength if isinstance(strength, float) else None


def _yaml_of_data(options: Any) -> str | None:
    """Name of the last YAML that chooses a data module."""
    paths = [Path(str(path)) for path in options.get("config") or [] if path is not None]
    given = ((path.stem, yaml.safe_load(path.read_text(encoding="utf-8")) or {}) for path in paths)
    names = [name for name, said in given if "class_path" in (said.get("data") or {})]
    return names[-1] if names else None


def read_record(origin: Path) -> dict[str, Any]:
    """What the run says of itself that left a checkpoint, or that has a folder."""
    folder = origin if origin.is_dir() else origin.parent.parent
    path = folder / RECORD
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record
