"""The table that a benchmark prints."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from cfaug.benchmarking.comparing.rows import Row
from cfaug.benchmarking.plan import Plan
from cfaug.cli.commands.benchmark import show

UNCONFOUNDED = "test/unconfounded_accuracy"


def test_at_strength_0_no_test_set_is_called_confounded() -> None:
    rows: list[Row] = [
        {"name": name, "strength": r, "seeds": 1, UNCONFOUNDED: a, "test/confounded_accuracy": c}
        for name, r, a, c in (("erm", 0.9, 50.0, 91.0), ("oracle", 0.0, 99.0, 98.0))
    ]
    lines = {line.split()[0]: line.split()[1:] for line in printed(rows)}
    assert lines["ERM"] == ["50.0", "91.0"]
    assert lines["oracle"] == ["99.0"]


def test_accuracies_stand_with_their_intervals_and_fit_80_columns() -> None:
    worst = "test/unconfounded_worst_group"
    figures = {
        UNCONFOUNDED: (98.76, 97.6, 100.0),
        "test/confounded_accuracy": (99.0, 98.1, 100.0),
        f"{worst}_accuracy": (90.0, 80.04, 100.0),
    }
    row: Row = {"seeds": 3, f"{worst}_size": 67.0, "excess_error": -10.1, "gap_closed": 100.0}
    row |= {f"test/flip_rate/{name}": 99.9 for name in ("color", "thickness")}
    row |= {"test/flip_rate_low/color": 99.0, "test/flip_rate_high/color": 100.0}
    for name, (value, low, high) in figures.items():
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    pairs = [(r, name) for r in (0.9995, 0.9999) for name in ("erm", "conditional-vae")]
    lines = printed([{**row, "name": name, "strength": r} for r, name in pairs])
    assert all(len(line) <= 80 for line in lines)
    table = [line.split() for line in lines]
    assert [line[2] for line in table if line[:2] == ["r", "="]] == ["0.9995", "0.9999"]
    place = table.index(["r", "=", "0.9995"])
    flips = ["99.9", "99.9", "-10.1", "100.0"]
    assert table[place + 1] == ["ERM", "98.8", "99.0", "90.0", "of", "67", *flips]
    assert table[place + 2] == ["97.6-100.0", "98.1-100.0", "80.0-100.0"]
    assert table[place + 3][0] == "conditional-vae"


def test_a_resampled_test_set_is_called_so_and_draws_stand_below() -> None:
    row: Row = {"name": "balanced", "strength": 0.9, "seeds": 1, "test/resampled_accuracy": 71.0}
    row |= {"test/resampled_accuracy_low": 65.0, "test/resampled_accuracy_high": 77.0}
    row |= {"data/train_size": 55_000.0, "data/effective_train_size": 391.0}
    row |= {"data/cnf/color": 4.46, "data/remaining_cnf/color": 0.01}
    lines = printed([row])
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "method resamp. group-balanced 71.0 65.0-77.0 resamp., conf.: accuracy on the" in text
    assert "worst group of the resampled test set" in text
    assert "unconfounded" not in text
    assert (
        "drawn at r = 0.9: group-balanced 0.01 of 4.46 left (color), as if 391 of 55,000 images"
        in text
    )


def printed(rows: list[Row]) -> list[str]:
    """The lines of the table that are not empty."""
    said, path = StringIO(), Path("data.yaml")
    show(Plan(path, path, [path], path, Path("run")), rows, Console(file=said, width=80))
    return [line.rstrip() for line in said.getvalue().splitlines() if line.strip()]
