"""Slips of every day: options, YAMLs and logins that are nearly right end in one line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cfaug.cli.main import main
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, ROOT, SHORT, fit, last, logger
from tests.integration.test_errors import fails

FIT = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model:\n\tlr: 0.1\n", "is no YAML (line 2, column 1: found character"),
        ("model: {lr: 0.1\n", "is no YAML (line 2, column 1: expected ',' or '}', but got"),
        ("", "holds nothing, expected options by name"),
        ("# model:\n", "holds nothing, expected options by name"),
        ("- lr: 0.1\n", "holds a list, expected options by name"),
        ("lr\n", "holds text, expected options by name"),
    ],
)
@pytest.mark.parametrize("command", [["audit"], FIT])
def test_a_yaml_that_is_none_is_named(
    command: list[str],
    text: str,
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert f"cfaug: error: {path} {expected}" in fails([*command, "-c", str(path)], capsys)


def test_a_number_with_an_exponent_is_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("model:\n  lr: 1e-3\n")  # text, by YAML 1.1
    words = ["-c", str(tmp_path / "mine.yaml"), "--trainer.max_epochs", "1"]
    assert fit("classifier", tmp_path, *words) == 0
    assert last(tmp_path)["hyper_parameters"]["lr"] == 0.001


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--trainer.limit_train_batches", "0.1"], "Please increase the `limit_train_batches`"),
        (["--checkpoint.monitor", "val/acc"], "could not find the monitored key in the returned"),
        (["--trainer.max_time", "2 hours"], "Expected a string in the format DD:HH:MM:SS"),
    ],
)
def test_what_lightning_refuses_is_one_line(
    words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in fails([*FIT, *logger(tmp_path), *words], capsys)


@pytest.mark.parametrize("epochs", ["1", "2"])
def test_a_run_with_nothing_left_to_do_says_so(
    epochs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("classifier", tmp_path) == 0
    assert "nothing" not in capsys.readouterr().err
    words = ["--ckpt_path", str(tmp_path / "run/a/checkpoints/last.ckpt")]
    assert fit("classifier", tmp_path / "again", *words, "--trainer.max_epochs", epochs) == 0
    told = capsys.readouterr().err
    assert (
        "nothing was left to train: 8 updates are done; to go on, set a larger --trainer." in told
    )


def test_a_run_does_not_go_on_from_weights_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("classifier", tmp_path, "--checkpoint.save_weights_only", "true") == 0
    path = str(tmp_path / "run/a/checkpoints/last.ckpt")
    words = [*BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "again"), "--ckpt_path", path]
    message = fails(["classifier", "fit", *words], capsys)
    assert f"{path} holds weights alone, and a run goes on with the state of its opt" in message
    assert main(["classifier", "test", *words]) == 0


def test_w_and_b_without_a_login_is_told(tmp_path: Path) -> None:
    settings = {**os.environ, "WANDB_MODE": "online", "HOME": str(tmp_path / "home")}
    settings["PYTHONPATH"] = str(ROOT)
    settings.pop("WANDB_API_KEY", None)
    words = ["--trainer.logger", "WandbLogger", "--trainer.logger.save_dir", str(tmp_path)]
    # In a process of its own: W&B keeps the mode of the first run of a process.
    command = [sys.executable, "-m", "cfaug", *FIT, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=settings, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("cfaug: error: ")]
    assert re.search(r"(?i)api.key.* configured.*wandb.login", line)  # each version in its words


def test_a_mode_that_w_and_b_does_not_know_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "on")
    message = fails(FIT, capsys)
    assert message.startswith("cfaug: error: WANDB_MODE is on, expected one of online, offline,")


def test_figures_of_validation_images_are_not_taken_for_those_of_test_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", "runs"]
    assert main([*FIT, *words, "--data.init_args.test_on", "val"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (header,) = (line for line in lines if "right [95 %]" in line)
    assert header.startswith("validation, %")
    (record,) = Path("runs").rglob("run.json")
    assert json.loads(record.read_text())["test_on"] == "val"
