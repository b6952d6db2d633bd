"""The table that a benchmark prints."""

from io import StringIO

from rich.console import Console

from cfaug.benchmarking.comparing.roles import Row
from cfaug.cli.commands.benchmark import show

UNCONFOUNDED = "test/unconfounded_accuracy"


def test_at_strength_0_no_test_set_is_called_confounded() -> None:
    rows = [
        row_of(name, r, **{UNCONFOUNDED: a, "test/confounded_accuracy": c})
        for name, r, a, c in (("erm", 0.9, 50.0, 91.0), ("oracle", 0.0, 99.0, 98.0))
    ]
    lines = {line.split()[0]: line.split()[1:] for line in printed(rows)}
    assert lines["erm"] == ["50.0", "91.0", "none"]
    assert lines["oracle"] == ["99.0", "none"]


def test_accuracies_stand_with_their_intervals_and_fit_80_columns() -> None:
    worst = "test/unconfounded_worst_group"
    figures = {
        UNCONFOUNDED: (98.76, 97.6, 100.0),
        "test/confounded_accuracy": (99.0, 98.1, 100.0),
        f"{worst}_accuracy": (90.0, 80.04, 100.0),
        "difference": (-1.04, -2.1, 0.5),
    }
    row: dict[str, float] = {f"{worst}_size": 67.0, "gap_closed": 100.0}
    for name, (value, low, high) in figures.items():
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    names = "balanced-channel-mixing", "balanced-channel-mixing+conditional-vae"
    lines = printed([row_of(name, r, **row) for r in (0.9995, 0.9999) for name in names])
    assert all(len(line) <= 80 for line in lines)
    table = [line.split() for line in lines]
    assert [line[2] for line in table if line[:2] == ["r", "="]] == ["0.9995", "0.9999"]
    text = " ".join(" ".join(lines).split())
    assert "98.8 99.0 90.0 of 67 100.0 -1.0 none" in text
    assert "97.6-100.0 98.1-100.0 80.0-100.0 -2.1 to 0.5" in text


def test_a_resampled_test_set_is_called_so_and_draws_stand_below() -> None:
    row: dict[str, float] = {"test/resampled_accuracy": 71.0}
    row |= {"test/resampled_accuracy_low": 65.0, "test/resampled_accuracy_high": 77.0}
    row |= {"data/train_size": 55_000.0, "data/effective_train_size": 391.0}
    row |= {"data/cnf/color": 4.46, "data/remaining_cnf/color": 0.01}
    lines = printed([row_of("balanced", 0.9, **row)])
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "balanced 71.0 none 65.0-77.0 resamp., conf.: accuracy on the" in text
    assert "worst group of the resampled test set" in text
    assert "unconfounded" not in text
    assert (
        "drawn at r = 0.9: balanced 0.01 of 4.46 left (color), as if 391 of 55,000 images" in text
    )


def row_of(name: str, strength: float, **figures: float) -> Row:
    told: Row = {"name": name, "strength": strength, "seeds": 1, "labels": "none"}
    return {**told, "seconds/classifier": 60.0, **figures}


def printed(rows: list[Row]) -> list[str]:
    """The lines of the table that are not empty."""
    said = StringIO()
    show("data", rows, [], Console(file=said, width=80))
    return [line.rstrip() for line in said.getvalue().splitlines() if line.strip()]
