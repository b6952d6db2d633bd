"""What rows are, and with which others they are compared."""

from pathlib import Path

import pytest

from cfaug.benchmarking.comparing.roles import is_baseline, is_oracle, told_of
from cfaug.benchmarking.comparing.rows import summarize
from tests.cfaug.benchmarking.kept import write_cell


def test_networks_are_compared_with_their_own_baselines(tmp_path: Path) -> None:
    for network, accuracy in (("mlp", 60.0), ("convnet", 80.0)):
        write_cell(tmp_path, f"erm@{network}", 0.9, 1, accuracy, backbone=network)
        write_cell(tmp_path, f"erm+ours@{network}", 0.9, 1, accuracy + 10, backbone=network)
        write_cell(tmp_path, f"oracle@{network}", 0.0, 1, accuracy + 20, backbone=network)
    rows = {str(row["name"]): row for row in summarize(tmp_path)}
    for network in ("mlp", "convnet"):
        row = rows[f"erm+ours@{network}"]
        assert row["best_baseline"] == f"erm@{network}"
        assert row["gap_closed"] == pytest.approx(50)


def test_roles_are_what_cells_say_whatever_their_names(tmp_path: Path) -> None:
    """A results folder of one network that another was added to has both kinds of names."""
    for name, strength, accuracy in (("erm", 0.9, 60.0), ("oracle", 0.0, 80.0)):
        write_cell(tmp_path, name, strength, 1, accuracy)
    write_cell(tmp_path, "erm+ours@convnet", 0.9, 1, 70.0)
    write_cell(tmp_path, "oracle-like", 0.9, 1, 65.0)
    rows = {str(row["name"]): row for row in summarize(tmp_path)}
    row = rows["erm+ours@convnet"]
    assert (row["method"], row["generator"], row["backbone"]) == ("erm", "ours", "convnet")
    assert row["gap_closed"] == pytest.approx(50)
    assert row["best_baseline"] == "oracle-like"  # no oracle: it uses nothing but the label
    assert [is_oracle(row) for row in rows.values()] == [True, False, False, False]
    assert [is_baseline(rows[name]) for name in ("erm", "oracle", "oracle-like")] == [1, 0, 1]
    assert told_of(row) == {
        "method": "erm",
        "backbone": "convnet",
        "best_baseline": "oracle-like",
        "oracle": False,
        "counterfactuals": True,
    }


def test_the_best_oracle_is_what_others_are_compared_with(tmp_path: Path) -> None:
    write_cell(tmp_path, "erm", 0.9, 1, 60.0)
    for name, accuracy in (("oracle", 90.0), ("mixed", 95.0)):
        write_cell(tmp_path, name, 0.0, 1, accuracy)
    path = tmp_path / "r-0.0/mixed/seed-1.json"
    path.write_text(path.read_text().replace('"labels": "none"', '"labels": "known process"'))
    rows = {str(row["name"]): row for row in summarize(tmp_path)}
    assert rows["erm"]["excess_error"] == 35
    assert "gap_closed" not in rows["mixed"]


def test_of_baselines_that_are_alike_erm_is_the_best(tmp_path: Path) -> None:
    for name, accuracy in (("balanced", 60.0), ("erm", 60.0), ("erm+ours", 70.0)):
        write_cell(tmp_path, name, 0.9, 1, accuracy)
    rows = {str(row["name"]): row for row in summarize(tmp_path)}
    assert rows["erm+ours"]["best_baseline"] == "erm"
