"""A random search on this machine, and the sweeps that come with the project."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from cfaug.cli.commands.sweep import trial, words
from cfaug.cli.main import main
from tests.integration.test_cli import BASE, CLASSIFIER, ROOT
from tests.integration.tiny import tiny_data

LOG = {"distribution": "log_uniform_values", "min": 0.01, "max": 1.0}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    command = ["${env}", "${interpreter}", "-m", "cfaug", "classifier", "fit"]
    command += [*BASE, "-c", str(tiny_data(tmp_path)), *CLASSIFIER]
    content = {
        "method": "random",
        "metric": {"name": "val/loss", "goal": "minimize"},
        "parameters": {"model.lr": LOG, "trainer.max_epochs": {"values": [1]}},
        "command": [*command, "${args}"],
    }
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_sweep_tells_the_best_run_first_and_keeps_finished_ones(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs"
    line = ["sweep", str(sweep), "--count", "2", "--folder", str(folder)]
    assert main(line) == 0
    losses = [
        json.loads((folder / f"run-{n}" / "metrics.json").read_text())["val/loss"] for n in (0, 1)
    ]
    told = capsys.readouterr().out
    first, second = (f"{loss:.4g}" for loss in sorted(losses))
    assert told.index(first) < told.index(second)
    lr = float(json.loads((folder / "run-0/values.json").read_text())["model.lr"])
    config = yaml.safe_load((folder / "run-0/config-fit.yaml").read_text())
    assert config["model"]["lr"] == pytest.approx(lr)
    before = (folder / "run-0/checkpoints/last.ckpt").stat().st_mtime_ns
    assert main(line) == 0
    assert (folder / "run-0/checkpoints/last.ckpt").stat().st_mtime_ns == before
    assert main([*line, "--seed", "1"]) == 1
    assert "runs/run-0 holds a run with model.lr" in capsys.readouterr().err
    metric = {"name": "val/los", "goal": "minimize"}
    sweep.write_text(yaml.safe_dump({**yaml.safe_load(sweep.read_text()), "metric": metric}))
    assert main(line) == 1
    assert "the metric val/los is not in" in capsys.readouterr().err


def test_a_dry_run_tells_the_commands_and_leaves_nothing(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs"
    assert main(["sweep", str(sweep), "--count", "3", "--folder", str(folder), "--dry-run"]) == 0
    told = capsys.readouterr().out.splitlines()
    lr = trial(yaml.safe_load(sweep.read_text()), sweep, 0, 2)["model.lr"]
    assert len(told) == 3
    assert told[2].startswith("cfaug classifier fit")
    assert f"--model.lr={lr}" in told[2]
    assert not folder.exists()


def test_values_follow_the_seed_and_the_distribution() -> None:
    sweep: dict[str, Any] = {"method": "random", "parameters": {"a": LOG, "b": {"values": [1, 2]}}}
    drawn = [trial(sweep, Path("s.yaml"), 0, number) for number in range(2000)]
    assert drawn[7] == trial(sweep, Path("s.yaml"), 0, 7) != trial(sweep, Path("s.yaml"), 1, 7)
    logs = [math.log10(values["a"]) for values in drawn]
    assert -2 <= min(logs) < -1.98
    assert -0.02 < max(logs) <= 0
    assert sum(logs) / len(logs) == pytest.approx(-1, abs=0.05)
    assert sum(values["b"] for values in drawn) / len(drawn) == pytest.approx(1.5, abs=0.05)


def test_what_only_wandb_can_do_is_refused(capsys: pytest.CaptureFixture[str], sweep: Path) -> None:
    content = yaml.safe_load(sweep.read_text())
    for change, complaint in (
        ({"method": "bayes"}, "method is bayes, expected random"),
        ({"parameters": {"a": {"min": 1}}}, "a is {'min': 1}, expected values, or"),
    ):
        sweep.write_text(yaml.safe_dump({**content, **change}))
        assert main(["sweep", str(sweep), "--dry-run"]) == 1
        assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("name", ["generator", "classifier"])
def test_the_sweeps_of_the_project_are_understood(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    path = Path(f"experiments/sweeps/{name}.yaml")
    content = yaml.safe_load(path.read_text())
    values = trial(content, path, 0, 0)
    with pytest.raises(SystemExit) as ended:
        main([*words(content, values), "--print_config"])
    assert ended.value.code == 0
    printed = yaml.safe_load(capsys.readouterr().out)["model"]
    printed = printed.get("init_args", printed)
    lr = next(value for name, value in values.items() if name.endswith("lr"))
    assert printed["lr"] == pytest.approx(lr)
