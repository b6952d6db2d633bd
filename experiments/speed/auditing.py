"""How fast a table of CelebA's size is audited: ``make speed``."""

import time
from pathlib import Path

import torch
from rich.console import Console

from cfaug.auditing.attribute_audit import audit_attributes
from cfaug.tracking.run_records import this_machine
from datamodules.attributes import attribute_space
from datamodules.storage.atomic_files import write_json

ROWS, COLUMNS = 200_000, 40


def seconds(values: int) -> float:
    """Of the audit of attributes with so many values, which follow the label in a fifth of rows."""
    draw = torch.Generator().manual_seed(0)
    rows = torch.randint(values, (ROWS, COLUMNS), generator=draw)
    follows = torch.rand(ROWS, COLUMNS, generator=draw) < 0.2
    names = {f"a{k}": [str(value) for value in range(values)] for k in range(COLUMNS)}
    start = time.perf_counter()
    audit_attributes(torch.where(follows, rows[:, :1], rows), attribute_space(names, "a0"))
    return time.perf_counter() - start


def main() -> None:
    """Print the figures, and leave them in ``runs/speed/auditing.json``."""
    console, found = Console(), {}
    for values in (2, 10):
        found[f"seconds_{values}_values"] = taken = seconds(values)
        console.print(
            f"all pairs of {COLUMNS} attributes of {values}: {ROWS:,} rows, {taken:.1f} s"
        )
    write_json(Path("runs/speed/auditing.json"), {"machine": this_machine(), **found})


if __name__ == "__main__":
    main()
