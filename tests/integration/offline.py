"""W&B's files of offline runs, read back."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from wandb.proto.wandb_internal_pb2 import Record

BLOCK = 32 * 1024
"""Bytes of a block; a record that crosses its end comes in pieces, as in LevelDB's logs."""


@dataclass
class OfflineRun:
    """What a run would send to W&B; ``artifacts`` has pairs of name and digest."""

    name: str = ""
    group: str = ""
    job: str = ""
    tags: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)
    used: set[tuple[str, str]] = field(default_factory=set)


def records(path: Path) -> Iterator[Record]:
    """The records of a ``.wandb`` file."""
    content, place, pieces = path.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        _, size, kind = struct.unpack("<IHB", content[place : place + 7])
        if place + 7 + size > len(content):
            return  # still being written
        pieces += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in {1, 4}:  # whole, or the last piece
            yield Record.FromString(pieces)
            pieces = b""


def offline_runs(folder: Path) -> list[OfflineRun]:
    """All runs in a folder and below."""
    return [_read(path) for path in sorted(folder.rglob("*.wandb"))]


def _whole(path: Path, seconds: float = 60) -> list[Record]:
    """The records of a finished run, which W&B's own process may still be writing."""
    end = monotonic() + seconds
    while monotonic() < end:
        found = list(records(path))
        if any(record.HasField("exit") for record in found):
            return found
        sleep(0.1)
    msg = f"{path} has no end"
    raise TimeoutError(msg)


def _read(path: Path) -> OfflineRun:
    found = OfflineRun()
    for record in _whole(path):
        if record.HasField("run"):
            run = record.run
            found.name, found.group, found.job = run.display_name, run.run_group, run.job_type
            found.tags |= set(run.tags)
        if record.HasField("history"):
            found.keys |= {item.key or item.nested_key[0] for item in record.history.item}
        if record.HasField("artifact"):
            artifact = record.artifact
            where = found.used if artifact.use_after_commit else found.left
            where.add((artifact.name, artifact.digest))
    return found
