"""A benchmark of two generators on tiny settings: its cells, and what becomes of them."""

import csv
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from cfaug.cli.main import main
from tests.integration.tiny import cell_of, folder_of


@pytest.fixture
def words(benchmark: list[str]) -> list[str]:
    return benchmark


def results(words: list[str]) -> dict[str, Path]:
    """The file of each finished cell, by its method."""
    return {path.parent.name: path for path in folder_of(words).glob("results/*/*/seed-0.json")}


def test_the_loop_leaves_figures_pictures_and_one_page(words: list[str]) -> None:
    folder = folder_of(words)
    metrics = json.loads((folder / "metrics.json").read_text())
    for name in ("erm", "balanced", "beta-0.1", "beta-1.0", "oracle"):
        assert 0 <= metrics[f"unconfounded_accuracy/{name}"] <= 100
    assert "generator/transfer/real/beta-0.1" in metrics
    judged = cell_of(words, "beta-0.1") / "evaluate"
    audited = folder / "r-0.95/audit"
    for picture in (judged / "effectiveness.png", audited / "audit.png"):
        assert picture.stat().st_size > 5_000
    page = (folder / "report.html").read_text()
    assert "results/accuracy" not in page
    assert "Unconfounded accuracy" in page


def test_a_cell_keeps_figures_configuration_and_commands(words: list[str]) -> None:
    cell = json.loads(results(words)["beta-0.1"].read_text())
    assert cell["generator"]["model"]["init_args"] == {"beta": 0.1}
    assert 0 <= cell["figures"]["test/unconfounded_accuracy"] <= 100
    assert "generator/composition/1" in cell["figures"]
    left = cell["figures"]["generator/data/remaining_cnf/color"]
    assert left < cell["figures"]["generator/data/cnf/color"]
    assert cell["figures"]["data/remaining_cnf/color"] > left  # that of the classifier: natural
    table = (folder_of(words) / "results/table.md").read_text()
    (line,) = (line for line in table.splitlines() if line.startswith("- drawn at r = 0.95: "))
    assert re.search(rf"beta-\d.\d, beta-\d.\d {left:.2f} of \d\.\d\d left \(color\), as if", line)
    assert "--data.init_args.strength 0.95" in cell["commands"]["generator"]
    assert "--model.generator" in cell["commands"]["classifier"]
    assert cell["benchmark"].startswith("cfaug benchmark -c ")
    oracle = json.loads(results(words)["oracle"].read_text())
    assert "oracle true" in oracle["commands"]["classifier"]
    records = [
        json.loads(path.read_text()) for path in cell_of(words, "beta-0.1").rglob("run.json")
    ]
    assert len(records) == 3
    assert {record["group"] for record in records} == {folder_of(words).name}
    assert {record["machine"] for record in records} == {cell["machine"]}


def test_every_row_has_its_command(words: list[str]) -> None:
    folder = folder_of(words) / "results"
    with (folder / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == {"erm", "balanced", "oracle", "beta-0.1", "beta-1.0"}
    assert {row["commands"].rsplit("  # ", 1)[0] for row in rows} == {shlex.join(["cfaug", *words])}
    assert (folder / "tradeoff.png").stat().st_size > 5_000
    assert (folder / "accuracy.png").stat().st_size > 5_000


def test_a_finished_part_is_not_computed_again_and_a_lost_one_is(words: list[str]) -> None:
    kept = cell_of(words, "beta-0.1") / "generator/checkpoints/last.ckpt"
    before = kept.stat().st_mtime_ns
    lost = results(words)["beta-0.1"]
    figures = json.loads(lost.read_text())["figures"]
    lost.unlink()  # as a benchmark that was killed in the last part of the cell would leave it
    (cell_of(words, "beta-0.1") / "classifier/seconds.json").unlink()
    (cell_of(words, "beta-0.1") / "classifier/metrics.json").unlink()
    assert main(words) == 0
    assert kept.stat().st_mtime_ns == before
    assert json.loads(lost.read_text())["figures"] == figures  # the same seed, the same figures


def test_finished_cells_outlive_their_runs(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ["--results", str(folder_of(words) / "results"), "--folder", str(tmp_path / "new")]
    before = {path: path.stat().st_mtime_ns for path in results(words).values()}
    assert main([*words, *kept]) == 0  # as in a later session
    assert "5 cells: 5 done, 0 to do" in capsys.readouterr().out
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert not (tmp_path / "new").exists()


def test_a_cell_that_fails_is_told_and_the_others_go_on(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = "cfaug.generators.conditional_vae.ConditionalVAE"
    generator = {"model": {"class_path": kind, "init_args": {"beta": "much"}}}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(generator))
    place = ["--folder", str(tmp_path / "run")]
    some = [*words, *place, "--generators", f"[{tmp_path / 'bad.yaml'}]"]
    assert main(some) == 1
    said = capsys.readouterr()
    failed = tmp_path / "run/r-0.95/bad/seed-0/failed.txt"
    assert "bad, r = 0.95, seed 0 failed, the others go on" in said.err
    assert (
        f"1 of the cells failed, the first is bad, r = 0.95, seed 0; mend what {failed}" in said.err
    )
    assert "beta" in failed.read_text()
    assert {path.parent.name for path in (tmp_path / "run/results").glob("*/*/*.json")} == {
        "erm",
        "balanced",
        "oracle",
    }
    assert main(some) == 1
    assert "4 cells: 3 done, 1 to do, 1 failed before" in capsys.readouterr().out
    generator["model"]["init_args"] = {"beta": 1.0}
    generator["trainer"] = {"max_epochs": 1}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(generator))
    shutil.rmtree(failed.parent)  # the message names it: options of a cell do not change
    assert main(some) == 0
    assert "4 cells: 3 done, 1 to do" in capsys.readouterr().out
    assert not failed.exists()


def test_cells_of_other_options_are_not_mixed_in(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--judge_steps", "3"]) == 1
    assert "beta-0.1/seed-0.json was computed with judge_steps 2" in capsys.readouterr().err


def test_generators_need_names_of_their_own(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "erm.yaml").write_text("{}")
    assert main([*words, "--generators", f"[{tmp_path / 'erm.yaml'}]"]) == 1
    assert (
        "generators need files with names of their own, other than erm" in capsys.readouterr().err
    )


def test_baselines_must_not_see_counterfactuals(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = yaml.safe_load(Path(words[words.index("--data") + 1]).read_text())
    data["data"]["init_args"]["counterfactuals"] = "runs/augment"
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    words = [*words, "--data", str(tmp_path / "data.yaml"), "--folder", str(tmp_path / "run")]
    assert main(words) == 1
    assert "data.yaml names counterfactuals, which ERM and" in capsys.readouterr().err
