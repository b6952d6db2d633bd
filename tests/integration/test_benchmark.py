"""The whole loop on tiny settings, and the arithmetic of its table."""

import json
from pathlib import Path

import pytest
import yaml

from cfaug.benchmarking.loop import METHODS
from cfaug.cli.commands.benchmark import summarize
from cfaug.cli.main import main
from tests.integration.tiny import folder_of


@pytest.fixture
def words(benchmark: list[str]) -> list[str]:
    return benchmark


def test_the_loop_leaves_figures_pictures_and_commands(words: list[str]) -> None:
    folder = folder_of(words)
    metrics = json.loads((folder / "metrics.json").read_text())
    for method in METHODS:
        assert 0 <= metrics[f"unconfounded_accuracy/{method}"] <= 100
    assert "generator/transfer/real" in metrics
    commands = json.loads((folder / "run.json").read_text())["commands"]
    assert "--model.generator" in commands["classifier-counterfactual/seed-0"]
    assert "oracle true" in commands["classifier-oracle/seed-0"]
    for picture in ("accuracy.png", "audit/audit.png", "evaluate/effectiveness.png"):
        assert (folder / picture).stat().st_size > 5_000
    assert (folder / "augment/counterfactuals-00000-of-00001.parquet").exists()


def test_a_finished_part_is_not_computed_again_and_a_lost_one_is(words: list[str]) -> None:
    folder = folder_of(words)
    kept = folder / "generator/run/checkpoints/last.ckpt"
    lost = folder / "classifier-erm/seed-0"
    before = kept.stat().st_mtime_ns
    (lost / "seconds.json").unlink()  # as a run killed in this part would leave it
    (lost / "metrics.json").unlink()
    figures = json.loads((folder / "metrics.json").read_text())
    assert main(words) == 0
    assert kept.stat().st_mtime_ns == before
    again = json.loads((folder / "metrics.json").read_text())
    accuracy = "unconfounded_accuracy/erm"
    assert again[accuracy] == figures[accuracy]  # the same seed gives the same figure


def test_results_of_other_options_are_not_mixed_in(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--strength", "0.5"]) == 1
    assert "holds a benchmark with strength 0.95 instead of 0.5" in capsys.readouterr().err


def test_baselines_must_not_see_counterfactuals(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = yaml.safe_load(Path(words[words.index("--data") + 1]).read_text())
    data["data"]["init_args"]["counterfactuals"] = "runs/augment"
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    words = [*words, "--data", str(tmp_path / "data.yaml"), "--folder", str(tmp_path / "run")]
    assert main(words) == 1
    assert "data.yaml names counterfactuals, which ERM and" in capsys.readouterr().err


def test_table_of_a_worked_example(tmp_path: Path) -> None:
    accuracies = {
        "erm": (50.0, 54.0),
        "balanced": (70.0, 72.0),
        "counterfactual": (90.0, 94.0),
        "oracle": (99.0, 97.0),
    }
    for method, values in accuracies.items():
        for seed, value in enumerate(values):
            folder = tmp_path / f"classifier-{method}" / f"seed-{seed}"
            folder.mkdir(parents=True)
            figures = {"test/unconfounded_accuracy": value, "train/loss": 1.0}
            (folder / "metrics.json").write_text(json.dumps(figures))
    (tmp_path / "evaluate").mkdir()
    (tmp_path / "evaluate/metrics.json").write_text(json.dumps({"test/composition/1": 3.0}))
    figures = summarize(tmp_path, (0, 1), list(METHODS))
    assert figures["unconfounded_accuracy/erm"] == 52
    assert figures["standard_error/erm"] == pytest.approx(2.0)  # deviation √8 over √2
    assert figures["excess_error/counterfactual"] == pytest.approx(6.0)
    assert figures["gap_closed/counterfactual"] == pytest.approx(100 * 40 / 46)
    assert figures["gap_closed/erm"] == 0
    assert figures["generator/composition/1"] == 3.0
    assert "loss/erm" not in figures
