"""The table that a benchmark prints."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from cfaug.benchmarking.plan import Plan
from cfaug.benchmarking.rows import Row
from cfaug.cli.commands.benchmark import show


def test_at_strength_0_no_test_set_is_called_confounded() -> None:
    rows: list[Row] = [
        {"name": name, "strength": r, "seeds": 1, "accuracy": a, "test/confounded_accuracy": c}
        for name, r, a, c in (("erm", 0.9, 50.0, 91.0), ("oracle", 0.0, 99.0, 98.0))
    ]
    said, path = StringIO(), Path("data.yaml")
    show(Plan(path, path, [path], path, Path("run")), rows, Console(file=said, width=80))
    lines = {
        line.split()[0]: line.split()[1:] for line in said.getvalue().splitlines() if line.split()
    }
    assert lines["ERM"] == ["50.0", "91.0"]
    assert lines["oracle"] == ["99.0"]
