"""The arithmetic of a benchmark's table, on worked examples."""

import json
from pathlib import Path

import pytest

from cfaug.benchmarking.benchmark_tables import lines_of_draws, write_tables
from cfaug.benchmarking.rows import flat, summarize


def write_cell(
    folder: Path,
    name: str,
    strength: float | None,
    seed: int,
    accuracy: float,
    **more: float,
) -> None:
    place = "as-given" if strength is None else f"r-{strength}"
    path = folder / place / name / f"seed-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {"test/unconfounded_accuracy": accuracy, **more}
    if name not in ("erm", "oracle"):
        figures |= {
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
        }
    cell = {"configuration": name, "strength": strength, "seed": seed}
    cell |= {"benchmark": f"cfaug benchmark --seeds [{seed}]", "commit": "abc"}
    cell |= {"seconds": {"classifier": 1.0}, "figures": figures}
    path.write_text(json.dumps(cell))


def test_table_of_a_worked_example(tmp_path: Path) -> None:
    for seed, values in enumerate([(50.0, 94.0, 99.0), (54.0, 90.0, 97.0)]):
        write_cell(tmp_path, "erm", 0.9, seed, values[0])
        write_cell(tmp_path, "ours", 0.9, seed, values[1])
        write_cell(tmp_path, "oracle", 0.0, seed, values[2])
    rows = {row["name"]: row for row in summarize(tmp_path)}
    assert rows["ours"]["accuracy"] == 92
    assert "accuracy_low" not in rows["ours"]  # as cells of an earlier version
    assert rows["ours"]["excess_error"] == pytest.approx(6.0)
    assert rows["ours"]["gap_closed"] == pytest.approx(100 * 40 / 46)
    write_tables(list(rows.values()), tmp_path)
    header, _, *lines = (tmp_path / "table.md").read_text().splitlines()
    table = [dict(zip(header.split(" | "), line.split(" | "), strict=True)) for line in lines[:3]]
    ours = next(row for row in table if row["configuration"] == "ours")
    assert ours["accuracy"] == "92.0"
    assert ours["do(digit)"] == "91.0"
    assert ours["kept by do(color)"] == "97.0"
    assert ours["leak(color)"] == "2.5"
    assert ours["joint leak(color)"] == "1.5"
    assert ours["known do(digit)"] == "95.0"
    assert ours["exact(color)"] == "3.5"
    assert ours["commands |"] == "1, 2 |"
    assert lines[-2:] == [f"{i + 1}. `cfaug benchmark --seeds [{i}]  # abc`" for i in range(2)]
    assert not (tmp_path / "strengths.png").exists()


def intervals(accuracy: float, worst: float) -> dict[str, float]:
    """Figures whose intervals begin 2 below and end 1 above, of the worst group 9 and 8."""
    group = "test/unconfounded_worst_group"
    return {
        "test/unconfounded_accuracy_low": accuracy - 2,
        "test/unconfounded_accuracy_high": accuracy + 1,
        f"{group}_accuracy": worst,
        f"{group}_accuracy_low": worst - 9,
        f"{group}_accuracy_high": worst + 8,
        f"{group}_size": 20.0,
        "test/flip_rate/color": 5.0,
        "test/flip_rate_low/color": 4.0,
        "test/flip_rate_high/color": 6.5,
    }


def test_the_interval_over_seeds_holds_images_and_seeds(tmp_path: Path) -> None:
    for seed, accuracy in enumerate((90.0, 91.0, 92.0)):
        write_cell(tmp_path, "erm", 0.9, seed, accuracy, **intervals(accuracy, 60.0))
    (row,) = summarize(tmp_path)
    # By hand: t s / √3 = 4.30265 / √3 = 2.48414, in quadrature with 2 and with 1.
    assert row["accuracy"] == 91
    assert row["accuracy_low"] == pytest.approx(87.8108, abs=1e-4)
    assert row["accuracy_high"] == pytest.approx(93.6779, abs=1e-4)
    assert row["test/unconfounded_accuracy_low"] == row["accuracy_low"]
    # The seeds agree on the worst group, and leave the error of its images as it is.
    assert row["test/unconfounded_worst_group_accuracy_low"] == pytest.approx(51)
    assert row["test/unconfounded_worst_group_accuracy_high"] == pytest.approx(68)
    assert row["test/flip_rate_high/color"] == pytest.approx(6.5)
    assert "standard_error" not in row
    figures = flat([row])
    assert figures["unconfounded_accuracy_low/erm"] == pytest.approx(87.8108, abs=1e-4)
    assert "accuracy_low/erm" not in figures
    write_tables([row], tmp_path)
    header, _, line, *_ = (tmp_path / "table.md").read_text().splitlines()
    table = dict(zip(header.split(" | "), line.split(" | "), strict=True))
    assert table["accuracy"] == "91.0 [87.8, 93.7]"
    assert table["worst group"] == "60.0 [51.0, 68.0]"
    assert table["flips(color)"] == "5.0 [4.0, 6.5]"


def test_one_seed_has_its_own_interval(tmp_path: Path) -> None:
    write_cell(tmp_path, "erm", 0.9, 0, 90.0, **intervals(90.0, 60.0))
    (row,) = summarize(tmp_path)
    assert (row["accuracy_low"], row["accuracy_high"]) == (88, 91)


def test_a_seed_of_an_earlier_version_takes_the_interval_from_the_row(tmp_path: Path) -> None:
    write_cell(tmp_path, "erm", 0.9, 0, 90.0, **intervals(90.0, 60.0))
    write_cell(tmp_path, "erm", 0.9, 1, 92.0)
    (row,) = summarize(tmp_path)
    assert row["accuracy"] == 91
    assert not {name for name in row if name.endswith(("_low", "_high"))}


def test_data_of_their_own_strength_have_an_oracle_too(tmp_path: Path) -> None:
    for name, accuracy in (("erm", 60.0), ("ours", 90.0), ("oracle", 100.0)):
        write_cell(tmp_path, name, None, 0, accuracy)
    figures = flat(summarize(tmp_path))
    assert figures["gap_closed/ours"] == pytest.approx(75)
    assert figures["excess_error/erm"] == pytest.approx(40)
    assert figures["generator/judge/digit/ours"] == 98
    assert "accuracy/ours" not in figures  # it is unconfounded_accuracy/ours


def test_figures_of_several_strengths_are_told_apart(tmp_path: Path) -> None:
    for strength in (0.9, 0.99):
        write_cell(tmp_path, "erm", strength, 0, 100 * strength)
    write_cell(tmp_path, "oracle", 0.0, 0, 100.0)
    figures = flat(summarize(tmp_path))
    assert figures["unconfounded_accuracy/erm/r-0.9"] == pytest.approx(90)
    assert figures["unconfounded_accuracy/erm/r-0.99"] == pytest.approx(99)


def test_several_strengths_give_a_curve(tmp_path: Path) -> None:
    for strength in (0.9, 0.99):
        write_cell(tmp_path, "erm", strength, 0, 50.0)
        write_cell(tmp_path, "ours", strength, 0, 90.0)
    write_tables(summarize(tmp_path), tmp_path)
    assert (tmp_path / "strengths.png").stat().st_size > 5_000
    assert not (tmp_path / "accuracy.png").exists()


def test_one_generator_gives_no_picture_of_generators(tmp_path: Path) -> None:
    write_cell(tmp_path, "erm", 0.9, 0, 50.0)
    write_cell(tmp_path, "ours", 0.9, 0, 90.0)
    assert tmp_path / "tradeoff.png" not in write_tables(summarize(tmp_path), tmp_path)
    assert not (tmp_path / "tradeoff.png").exists()
    write_cell(tmp_path, "theirs", 0.9, 0, 90.0)
    assert tmp_path / "tradeoff.png" in write_tables(summarize(tmp_path), tmp_path)


def test_generators_that_are_all_as_good_as_the_oracle_are_drawn(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        write_cell(tmp_path, name, 0.9, 0, 90.0)
    write_cell(tmp_path, "oracle", 0.0, 0, 90.0)
    assert tmp_path / "tradeoff.png" in write_tables(summarize(tmp_path), tmp_path)


def drawn(left: float, worth: float, prefix: str = "") -> dict[str, float]:
    """Figures of 55,000 images with 4.46 nats of the label with color, and fewer with size."""
    found = {"train_size": 55_000.0, "effective_train_size": worth}
    found |= {"cnf/color": 4.46, "cnf/size": 1.3}
    found |= {"remaining_cnf/color": left, "remaining_cnf/size": 0.2}
    return {f"{prefix}data/{name}": value for name, value in found.items()}


def test_what_is_left_of_the_confounding_stands_below_the_table(tmp_path: Path) -> None:
    for strength, left in ((0.9, 0.0), (0.99, 1.15)):
        write_cell(tmp_path, "erm", strength, 0, 50.0, **drawn(4.46, 55_000.0))
        write_cell(tmp_path, "balanced", strength, 0, 80.0, **drawn(0.0, 391.0))
        for name in ("ours", "theirs"):
            figures = drawn(4.46, 55_000.0) | drawn(left, 1424.79, "generator/")
            write_cell(tmp_path, name, strength, 0, 90.0, **figures)
    write_cell(tmp_path, "oracle", 0.0, 0, 99.0, **drawn(0.0, 54_000.0))
    rows = summarize(tmp_path)
    assert lines_of_draws(rows) == [
        "drawn at r = 0.9: ours, theirs 0.20 of 1.30 left (size), as if 1,425 of 55,000 images; "
        "group-balanced 0.20 of 1.30 left (size), as if 391 of 55,000 images",
        "drawn at r = 0.99: ours, theirs 1.15 of 4.46 left (color), as if 1,425 of 55,000 images; "
        "group-balanced 0.20 of 1.30 left (size), as if 391 of 55,000 images",
    ]
    write_tables(rows, tmp_path)
    written = (tmp_path / "table.md").read_text()
    assert all(f"- {line}\n" in written for line in lines_of_draws(rows))
    assert flat(rows)["generator/data/remaining_cnf/color/ours/r-0.99"] == 1.15


def test_cells_that_do_not_know_how_images_were_drawn_have_no_line(tmp_path: Path) -> None:
    write_cell(tmp_path, "balanced", 0.9, 0, 50.0)
    assert lines_of_draws(summarize(tmp_path)) == []
    write_cell(tmp_path / "given", "balanced", None, 0, 50.0, **drawn(0.0, 391.0))
    (line,) = lines_of_draws(summarize(tmp_path / "given"))
    assert line.startswith("drawn: group-balanced 0.20 of 1.30 left")  # of no known strength


def test_images_of_files_are_compared_on_the_resampled_test_set(tmp_path: Path) -> None:
    for name, accuracy in {"erm": 60.0, "ours": 70.0}.items():
        write_cell(tmp_path, name, None, 0, accuracy)
        path = tmp_path / f"as-given/{name}/seed-0.json"
        cell = path.read_text().replace("test/unconfounded_", "test/resampled_")
        path.write_text(cell)
    rows = summarize(tmp_path)
    assert [row["accuracy"] for row in rows] == [70, 60]
    assert flat(rows)["resampled_accuracy/ours"] == 70
    write_tables(rows, tmp_path)
    written = (tmp_path / "table.md").read_text()
    assert "accuracy: of a classifier on the resampled test set" in written
    assert "unconfounded" not in written
    assert "| 70.0 |" in written
