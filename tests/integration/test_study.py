"""A study on tiny settings, and the arithmetic of its table."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from cfaug.benchmarking.study_tables import summarize, write_tables
from cfaug.cli.main import main
from tests.integration.test_cli import ROOT
from tests.integration.tiny import tiny_data


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A study of two configurations and a few updates, already run once."""
    folder = tmp_path_factory.mktemp("study")
    data = tiny_data(folder)
    generator = yaml.safe_load((ROOT / "experiments/generator/conditional-vae.yaml").read_text())
    generator["trainer"]["max_epochs"] = 1
    for beta in (0.1, 1.0):
        generator["model"]["init_args"] = {"beta": beta}
        (folder / f"beta-{beta}.yaml").write_text(yaml.safe_dump(generator))
    options = {
        "base": str(ROOT / "experiments/base.yaml"),
        "data": str(data),
        "classifier": str(ROOT / "experiments/classifier/counterfactual.yaml"),
        "configurations": [str(folder / "beta-0.1.yaml"), str(folder / "beta-1.0.yaml")],
        "folder": str(folder / "runs"),
        "results": str(folder / "results"),
        "strengths": [0.9],
        "seeds": [0],
        "classifier_epochs": 1,
        "judge_steps": 2,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(options))
    words = ["study", "-c", str(folder / "study.yaml")]
    assert main(words) == 0
    return words


def folder_of(words: list[str]) -> Path:
    return Path(words[2]).parent


def test_a_cell_keeps_figures_configuration_and_commands(words: list[str]) -> None:
    cell = json.loads((folder_of(words) / "results/r-0.9/beta-0.1/seed-0.json").read_text())
    assert cell["generator"]["model"]["init_args"] == {"beta": 0.1}
    assert 0 <= cell["figures"]["test/unconfounded_accuracy"] <= 100
    assert "generator/composition/1" in cell["figures"]
    assert "--strength 0.9" in cell["commands"]["generator/run"].replace("data.init_args.", "")
    assert cell["study"].startswith("cfaug study -c ")
    runs = folder_of(words) / "runs/r-0.9/beta-0.1/seed-0"
    records = [json.loads(path.read_text()) for path in runs.rglob("run.json")]
    assert {record["group"] for record in records} == {"data-r-0.9-beta-0.1-seed-0"}
    assert {record["machine"] for record in records} == {cell["machine"]}


def test_every_row_has_its_command(words: list[str]) -> None:
    folder = folder_of(words) / "results"
    rows = list(csv.DictReader((folder / "table.csv").open()))
    assert {row["name"] for row in rows} == {"erm", "balanced", "oracle", "beta-0.1", "beta-1.0"}
    assert {row["commands"].rsplit("  # ", 1)[0] for row in rows} == {f"cfaug {' '.join(words)}"}
    assert (folder / "tradeoff.png").stat().st_size > 5_000


def test_finished_cells_outlive_their_runs(words: list[str]) -> None:
    folder = folder_of(words)
    (folder / "runs").rename(folder / "elsewhere")  # as in a later session
    before = {path: path.stat().st_mtime_ns for path in (folder / "results").glob("r-*/*/*.json")}
    assert main(words) == 0
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert not (folder / "runs").exists()


def test_cells_of_other_options_are_not_mixed_in(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--judge_steps", "3"]) == 1
    assert "beta-0.1/seed-0.json was computed with judge_steps 2" in capsys.readouterr().err


def test_configurations_need_names_of_their_own(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "erm.yaml").write_text("{}")
    assert main([*words, "--configurations", f"[{tmp_path / 'erm.yaml'}]"]) == 1
    assert "configurations need names of their own, other than erm" in capsys.readouterr().err


def write_cell(folder: Path, name: str, strength: float, seed: int, accuracy: float) -> None:
    path = folder / f"r-{strength}" / name / f"seed-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {"test/unconfounded_accuracy": accuracy}
    if name not in ("erm", "oracle"):
        figures |= {
            "generator/judge/color": 99.0,
            "generator/judge/digit": 98.0,
            "generator/confounding_before/color": 2.0,
            "generator/effectiveness/do-digit/digit": 91.0,
            "generator/effectiveness/do-color/digit": 97.0,
            "generator/leakage/color": 13.0,
            "generator/leakage_chance/color": 10.5,
        }
    cell = {"configuration": name, "strength": strength, "seed": seed}
    cell |= {"study": f"cfaug study --seeds [{seed}]", "commit": "abc"}
    cell |= {"seconds": {"classifier": 1.0}, "figures": figures}
    path.write_text(json.dumps(cell))


def test_table_of_a_worked_example(tmp_path: Path) -> None:
    for seed, values in enumerate([(50.0, 94.0, 99.0), (54.0, 90.0, 97.0)]):
        write_cell(tmp_path, "erm", 0.9, seed, values[0])
        write_cell(tmp_path, "ours", 0.9, seed, values[1])
        write_cell(tmp_path, "oracle", 0.0, seed, values[2])
    rows = {row["name"]: row for row in summarize(tmp_path)}
    assert rows["ours"]["accuracy"] == 92
    assert rows["ours"]["standard_error"] == pytest.approx(2.0)  # deviation √8 over √2
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
    assert ours["±"] == "2.00"
    assert ours["commands |"] == "1, 2 |"
    assert lines[-2:] == [f"{i + 1}. `cfaug study --seeds [{i}]  # abc`" for i in range(2)]
    assert not (tmp_path / "strengths.png").exists()


def test_several_strengths_give_a_curve(tmp_path: Path) -> None:
    for strength in (0.9, 0.99):
        write_cell(tmp_path, "erm", strength, 0, 50.0)
        write_cell(tmp_path, "ours", strength, 0, 90.0)
    write_tables(summarize(tmp_path), tmp_path)
    assert (tmp_path / "strengths.png").stat().st_size > 5_000


def test_one_generator_gives_no_picture_of_generators(tmp_path: Path) -> None:
    write_cell(tmp_path, "erm", 0.9, 0, 50.0)
    write_cell(tmp_path, "ours", 0.9, 0, 90.0)
    assert tmp_path / "tradeoff.png" not in write_tables(summarize(tmp_path), tmp_path)
    assert not (tmp_path / "tradeoff.png").exists()
    write_cell(tmp_path, "theirs", 0.9, 0, 90.0)
    assert tmp_path / "tradeoff.png" in write_tables(summarize(tmp_path), tmp_path)
