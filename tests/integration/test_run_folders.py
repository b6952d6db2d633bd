"""A run has one folder, and no other run takes it."""

import json
from pathlib import Path

import pytest
import yaml
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger

from cfaug.cli.main import main
from cfaug.tracking.run_folders import claim_run_folder
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, SHORT
from tests.integration.test_errors import fails

FIT = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, "--trainer.max_epochs", "1"]


def test_a_logger_on_top_of_a_list_does_not_spread_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # This changes the last of the list, and leaves the first, where the checkpoints go.
    words = ["--trainer.logger.class_path", "CSVLogger", "--trainer.logger.init_args.save_dir"]
    message = fails([*FIT, *words, "mine", "--trainer.logger.init_args.name", "run"], capsys)
    assert "spread over runs/classifier/version_0 and mine/run/version_0; give one" in message
    assert not list(tmp_path.iterdir())
    # What the message says works.
    words = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", "mine"]
    assert main([*FIT, *words, "--trainer.logger.name", "run"]) == 0
    left = {path.name for path in (tmp_path / "mine/run/version_0").iterdir()}
    assert {"checkpoints", "metrics.csv", "metrics.json", "config-fit.yaml"} <= left
    assert not (tmp_path / "runs").exists()


def test_a_logger_without_files_does_not_come_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = {"save_dir": str(tmp_path)}
    kinds = ["WandbLogger", "CSVLogger"]
    loggers = [{"class_path": kind, "init_args": folder} for kind in kinds]
    message = fails([*FIT, "--trainer.logger", json.dumps(loggers)], capsys)
    assert "spread over the folder of WandbLogger, which comes first, and " in message


def test_loggers_of_one_folder_go_together(tmp_path: Path) -> None:
    place = {"save_dir": str(tmp_path), "name": "run"}
    kinds = ["CSVLogger", "TensorBoardLogger", "WandbLogger"]
    loggers = [{"class_path": kind, "init_args": dict(place)} for kind in kinds]
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"trainer": {"logger": loggers}}))
    assert main([*FIT, "-c", str(overlay)]) == 0
    left = [path.name for path in (tmp_path / "run/version_0").iterdir()]
    assert {"checkpoints", "metrics.csv", "metrics.json"} <= set(left)
    assert any(name.startswith("events.out.tfevents") for name in left)


def test_of_two_runs_that_begin_together_each_has_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loggers = [CSVLogger(tmp_path, "run") for _ in range(2)]
    numbers = iter([0, 0, 1])  # both look before one of them has made its folder
    monkeypatch.setattr(CSVLogger, "_get_next_version", lambda _: next(numbers))
    for logger in loggers:
        claim_run_folder(Trainer(logger=logger, accelerator="cpu"))
    assert [logger.version for logger in loggers] == [0, 1]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["version_0", "version_1"]


def test_a_place_where_no_folder_can_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    words = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", str(tmp_path / "file")]
    place = tmp_path / "file/lightning_logs/version_0"
    message = fails([*FIT, *words], capsys)
    assert f"the folder of the run, {place}, cannot be made (Not a directory); choose" in message
