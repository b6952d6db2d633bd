"""A benchmark of two generators on tiny settings: its cells, and what becomes of them."""

import csv
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from cfaug.classifiers.right_answers import unpack
from cfaug.cli.main import main
from tests.integration.tiny import cell_of, folder_of, methods


@pytest.fixture
def words(benchmark: list[str]) -> list[str]:
    return benchmark


def results(words: list[str]) -> dict[str, Path]:
    """The file of each finished cell, by its method."""
    return {path.parent.name: path for path in folder_of(words).glob("results/*/*/seed-0.json")}


def test_the_loop_leaves_figures_pictures_and_one_page(words: list[str]) -> None:
    folder = folder_of(words)
    metrics = json.loads((folder / "metrics.json").read_text())
    for name in ("erm", "balanced", "erm+beta-0.1", "erm+beta-1.0", "oracle"):
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
    generator = json.loads(results(words)["beta-0.1"].read_text())
    assert generator["generator"]["model"]["init_args"] == {"beta": 0.1}
    assert "generator/composition/1" in generator["figures"]
    left = generator["figures"]["generator/data/remaining_cnf/color"]
    assert left < generator["figures"]["generator/data/cnf/color"]
    cell = json.loads(results(words)["erm+beta-0.1"].read_text())
    assert 0 <= cell["figures"]["test/unconfounded_accuracy"] <= 100
    assert cell["labels"] == "training"
    assert cell["figures"]["data/remaining_cnf/color"] > left  # that of the classifier: natural
    table = (folder_of(words) / "results/table.md").read_text()
    (line,) = (line for line in table.splitlines() if line.startswith("- drawn at r = 0.95: "))
    assert re.search(rf"beta-\d.\d, beta-\d.\d {left:.2f} of \d\.\d\d left \(color\), as if", line)
    assert "--data.init_args.strength 0.95" in generator["commands"]["generator"]
    assert "--model.generator" in cell["commands"]["classifier"]
    assert cell["benchmark"].startswith("cfaug benchmark -c ")
    oracle = json.loads(results(words)["oracle"].read_text())
    assert "methods/oracle.yaml" in oracle["commands"]["classifier"]
    assert oracle["labels"] == "known process"
    folders = [cell_of(words, name) for name in ("beta-0.1", "erm+beta-0.1")]
    records = [json.loads(path.read_text()) for f in folders for path in f.rglob("run.json")]
    assert len(records) == 3
    assert {record["group"] for record in records} == {folder_of(words).name}
    assert {record["machine"] for record in records} == {cell["machine"]}


def test_all_classifiers_see_as_many_images_in_as_many_updates(words: list[str]) -> None:
    sizes = {}
    for name in ("erm", "balanced", "erm+beta-0.1", "oracle"):
        config = yaml.safe_load((cell_of(words, name) / "classifier/config-fit.yaml").read_text())
        sizes[name] = config["data"]["init_args"]["batch_size"]
        with (cell_of(words, name) / "classifier/metrics.csv").open(newline="") as file:
            steps = {row["step"] for row in csv.DictReader(file) if row["train/loss"]}
        assert steps == {str(step) for step in range(30)}, name
    assert sizes == {"erm": 128, "balanced": 128, "oracle": 128, "erm+beta-0.1": 64}


def test_a_row_is_compared_with_the_best_baseline_on_the_same_images(words: list[str]) -> None:
    cells = {name: json.loads(results(words)[name].read_text()) for name in results(words)}
    right = {name: unpack(cell["right"]) for name, cell in cells.items() if "right" in cell}
    for name, hits in right.items():
        accuracy = cells[name]["figures"]["test/unconfounded_accuracy"]
        assert 100 * hits.mean() == pytest.approx(accuracy, abs=0.01)
    with (folder_of(words) / "results/table.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    best = rows["erm+beta-0.1"]["best_baseline"]
    assert right[best].sum() == max(right[name].sum() for name in ("erm", "balanced"))
    change = 100 * (right["erm+beta-0.1"].mean() - right[best].mean())
    assert float(rows["erm+beta-0.1"]["difference"]) == pytest.approx(change, abs=0.01)
    assert not rows["oracle"]["difference"]


def test_every_row_has_its_command(words: list[str]) -> None:
    folder = folder_of(words) / "results"
    for file, names in {
        "table.csv": {"erm", "balanced", "oracle", "erm+beta-0.1", "erm+beta-1.0"},
        "generators.csv": {"beta-0.1", "beta-1.0"},
    }.items():
        with (folder / file).open(newline="") as table:
            rows = list(csv.DictReader(table))
        assert {row["name"] for row in rows} == names
        commands = {row["commands"].rsplit("  # ", 1)[0] for row in rows}
        assert commands == {shlex.join(["cfaug", *words])}
    for picture in ("tradeoff", "accuracy", "cost"):
        assert (folder / f"{picture}.png").stat().st_size > 5_000


def test_a_finished_part_is_not_computed_again_and_a_lost_one_is(words: list[str]) -> None:
    kept = cell_of(words, "beta-0.1") / "generator/checkpoints/last.ckpt"
    before = kept.stat().st_mtime_ns
    lost = results(words)["erm+beta-0.1"]
    figures = json.loads(lost.read_text())["figures"]
    lost.unlink()  # as a benchmark that was killed in the last part of the cell would leave it
    (cell_of(words, "erm+beta-0.1") / "classifier/seconds.json").unlink()
    (cell_of(words, "erm+beta-0.1") / "classifier/metrics.json").unlink()
    assert main(words) == 0
    assert kept.stat().st_mtime_ns == before
    assert json.loads(lost.read_text())["figures"] == figures  # the same seed, the same figures


def test_finished_cells_outlive_their_runs(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ["--results", str(folder_of(words) / "results"), "--folder", str(tmp_path / "new")]
    before = {path: path.stat().st_mtime_ns for path in results(words).values()}
    assert main([*words, *kept]) == 0  # as in a later session
    assert "7 cells: 7 done, 0 to do" in capsys.readouterr().out
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
    some += ["--methods", methods("erm")]
    assert main(some) == 1
    said = capsys.readouterr()
    failed = [tmp_path / f"run/r-0.95/{name}/seed-0" for name in ("bad", "erm+bad")]
    assert "bad, data, r = 0.95, seed 0 failed, the others go on" in said.err
    assert (
        "2 of the cells failed, the first is bad, data, r = 0.95, seed 0; mend what "
        f"{failed[0] / 'failed.txt'}" in said.err
    )
    assert "beta" in (failed[0] / "failed.txt").read_text()
    lost = (failed[1] / "failed.txt").read_text()
    assert lost == f"its generator failed, see {failed[0] / 'failed.txt'}"
    done = {path.parent.name for path in (tmp_path / "run/results").glob("*/*/*.json")}
    assert done == {"erm"}
    assert main(some) == 1  # they are not tried again unasked
    told = capsys.readouterr().out
    assert "3 cells: 1 done, 0 to do, 2 failed before" in told
    assert "failed before: erm+bad, data, r = 0.95, seed 0" in told.replace("\n", " ")
    generator["model"]["init_args"] = {"beta": 1.0}
    generator["trainer"] = {"max_epochs": 1}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(generator))
    for folder in failed:  # the message names them: options of a cell do not change
        shutil.rmtree(folder)
    assert main(some) == 0
    assert "3 cells: 1 done, 2 to do" in capsys.readouterr().out


def test_failed_cells_are_tried_again_on_request(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = [*words, "--folder", str(tmp_path / "run"), "--generators", "[]"]
    some += ["--methods", methods("erm")]
    folder = tmp_path / "run/r-0.95/erm/seed-0"
    folder.mkdir(parents=True)
    (folder / "failed.txt").write_text("the disk was full")
    assert main(some) == 1
    assert main([*some, "--retry", "true"]) == 0
    assert "1 cells: 0 done, 1 to do, 1 failed before" in capsys.readouterr().out
    assert not (folder / "failed.txt").exists()
    assert (tmp_path / "run/results/r-0.95/erm/seed-0.json").exists()


def test_what_is_left_is_listed_with_the_time_it_will_take(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = results(words)["balanced"]
    kept = lost.read_text()
    seconds = json.loads(kept)["seconds"]["classifier"]
    lost.unlink()
    assert main([*words, "--list", "true"]) == 0
    lines = capsys.readouterr().out.splitlines()
    lost.write_text(kept)
    others = [json.loads(results(words)[n].read_text()) for n in ("erm", "erm+beta-0.1", "oracle")]
    likely = [cell["seconds"]["classifier"] / 60 for cell in others]
    assert len(lines) == 2
    assert lines[1].startswith("1 left: ")
    (minutes,) = re.findall(r"balanced, data, r = 0.95, seed 0: ([\d.]+) minutes", lines[0])
    assert min(likely) - 0.1 <= float(minutes) <= max([*likely, seconds / 60]) + 0.1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--judge_steps", "3"], "beta-0.1/seed-0.json was computed with judge_steps 2"),
        (["--updates", "32"], "erm/seed-0.json was computed with updates 30"),
        (["--updates", "3", "--checks", "2"], "updates is 3, which 2 checks do not divide"),
        (["--data", "[]"], "--data is empty, so that there is nothing to compute; name at least"),
        (["--strengths", "[]"], "name at least one; null stands for that of the data's YAML"),
        (["--methods", "[]", "--generators", "[]"], "--methods and --generators name nothing"),
        (["--only", "[r-0.95/nothing/seed-0]"], "--only names r-0.95/nothing/seed-0"),
    ],
)
def test_options_that_do_not_fit_are_told(
    words: list[str], options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *options]) == 1
    assert told in capsys.readouterr().err


def test_files_need_names_of_their_own(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "erm.yaml").write_text("{}")
    both = methods("erm").replace("]", f",{tmp_path / 'erm.yaml'}]")
    assert main([*words, "--methods", both]) == 1
    assert "--methods and --generators have two files called erm" in capsys.readouterr().err


def test_baselines_must_not_see_counterfactuals(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = yaml.safe_load((folder_of(words).parent / "data.yaml").read_text())
    data["data"]["init_args"]["counterfactuals"] = "runs/augment"
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    some = [*words, "--data", f"[{tmp_path / 'data.yaml'}]", "--folder", str(tmp_path / "run")]
    assert main(some) == 1
    assert "data.yaml names counterfactuals, which ERM and" in capsys.readouterr().err
