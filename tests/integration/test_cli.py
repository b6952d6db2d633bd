"""The command line as a user types it, on the digits that scikit-learn carries."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from cfaug.cli.main import main

ROOT = Path(__file__).parents[2]
BASE = ["-c", str(ROOT / "experiments/base.yaml")]
DATA = ["-c", str(ROOT / "experiments/data/digits-colored.yaml")]
GENERATOR = ["-c", str(ROOT / "experiments/generator/conditional-vae.yaml")]
CLASSIFIER = ["-c", str(ROOT / "experiments/classifier/counterfactual.yaml")]
SHORT = [
    *("--trainer.max_epochs", "2", "--data.init_args.epoch_size", "512"),
    *("--trainer.log_every_n_steps", "1"),
]


def logger(folder: Path) -> list[str]:
    return [
        *("--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", str(folder)),
        *("--trainer.logger.name", "run", "--trainer.logger.version", "a"),
        *("--trainer.enable_progress_bar", "false"),
    ]


def fit(what: str, folder: Path, *words: str) -> int:
    config = GENERATOR if what == "generator" else CLASSIFIER
    return main([what, "fit", *BASE, *DATA, *config, *SHORT, *logger(folder), *words])


def figures(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / "run/a/metrics.json").read_text())
    return found


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generator")
    assert fit("generator", folder) == 0
    return folder / "run/a"


def test_generator_leaves_checkpoint_configuration_figures_and_pictures(generator: Path) -> None:
    assert (generator / "checkpoints/last.ckpt").exists()
    assert yaml.safe_load((generator / "config-fit.yaml").read_text())["trainer"]["max_epochs"] == 2
    record = json.loads((generator / "run.json").read_text())
    assert {"command", "commit", "machine"} <= record.keys()
    assert 0 < record["seconds"] < 600
    assert record["versions"]["torch"] == torch.__version__.split("+")[0]
    metrics = json.loads((generator / "metrics.json").read_text())
    assert {"train/loss", "val/loss", "val/kl", "val/reconstruction"} <= metrics.keys()
    names = sorted(path.name for path in (generator / "edits").iterdir())
    assert names == ["do-color.png", "do-digit.png", "do-thickness.png"]
    assert metrics["data/train_size"] == 1300
    assert 40 < metrics["data/effective_train_size"] < 1000
    header = (generator / "metrics.csv").read_text().splitlines()[0]
    assert "train/loss" in header
    assert "val/loss" in header
    assert "data/effective_train_size" in header


def test_a_trained_generator_is_tested_and_predicts(generator: Path, tmp_path: Path) -> None:
    words = [*BASE, *DATA, *GENERATOR, "--ckpt_path", str(generator / "checkpoints/last.ckpt")]
    assert main(["generator", "test", *words, *logger(tmp_path)]) == 0
    names = {f"test/{split}_loss" for split in ("unconfounded", "confounded")}
    assert names <= figures(tmp_path).keys()
    callback = "--trainer.callbacks+=tests.integration.callbacks.CheckPredictions"
    with pytest.raises(RuntimeError, match="counterfactuals checked"):
        main(["generator", "predict", *words, *logger(tmp_path / "predict"), callback])


def test_the_last_generator_is_found_and_named(
    generator: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fit("classifier", tmp_path / "none", "--model.generator", "last") != 0
    assert (
        "no generator in runs/generator; train one (`cfaug generator fit`)"
        in capsys.readouterr().err
    )
    for name in ("old", "new"):
        place = tmp_path / "runs/generator" / name / "checkpoints"
        place.mkdir(parents=True)
        shutil.copy(generator / "checkpoints/last.ckpt", place)
    os.utime(tmp_path / "runs/generator/old/checkpoints/last.ckpt", (0, 0))
    assert fit("classifier", tmp_path / "some", "--model.generator", "last") == 0
    found = "runs/generator/new/checkpoints/last.ckpt"
    assert f"generator of the last run: {found}" in capsys.readouterr().out
    config = yaml.safe_load((tmp_path / "some/run/a/config-fit.yaml").read_text())
    assert config["model"]["generator"] == found
    # A run that goes on keeps its generator, whatever was trained since.
    os.utime(tmp_path / "runs/generator/old/checkpoints/last.ckpt")
    words = ["--model.generator", "last", "--trainer.max_epochs", "3", "--ckpt_path"]
    words += [str(tmp_path / "some/run/a/checkpoints/last.ckpt")]
    assert fit("classifier", tmp_path / "more", *words) == 0
    config = yaml.safe_load((tmp_path / "more/run/a/config-fit.yaml").read_text())
    assert config["model"]["generator"] == found


def test_classifier_takes_the_generator_and_is_tested(generator: Path, tmp_path: Path) -> None:
    checkpoint = str(generator / "checkpoints/last.ckpt")
    assert fit("classifier", tmp_path, "--model.generator", checkpoint) == 0
    metrics = figures(tmp_path)
    assert {
        "test/unconfounded_accuracy",
        "test/confounded_accuracy",
        "test/flip_rate/color",
        "test/flip_rate/thickness",
        "train/distance",
    } <= metrics.keys()
    weights = torch.load(tmp_path / "run/a/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert not [name for name in weights if "decoder" in name]
    with (tmp_path / "run/a/groups.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("unconfounded", "confounded"):
        mine = [row for row in rows if row["test_set"] == name]
        assert sum(int(row["images"]) for row in mine) == 400
        right = sum(int(row["correct"]) for row in mine)
        assert right / 4 == pytest.approx(metrics[f"test/{name}_accuracy"])
    (row,) = [
        r for r in mine if (r["digit"], r["thickness"], r["color"]) == ("3", "thick", "yellow")
    ]
    share, images = float(row["accuracy"]) / 100, int(row["images"])
    # Where a normal distribution of the true share's deviation would just not reject it.
    for bound in (float(row["low"]) / 100, float(row["high"]) / 100):
        assert abs(share - bound) == pytest.approx(
            1.96 * (bound * (1 - bound) / images) ** 0.5, abs=2e-3
        )


def test_the_same_seed_gives_the_same_figures_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in {"a": "0", "b": "0", "c": "1"}.items():
        assert fit("classifier", tmp_path / name, "--seed_everything", seed) == 0
    a, b, c = (figures(tmp_path / name) for name in "abc")
    assert a == b
    assert a["train/loss"] != c["train/loss"]
    assert a["val/loss"] != c["val/loss"]
    assert fit("classifier", tmp_path / "d", "--seed_everything", str(2**32 - 1)) == 0


def last(folder: Path) -> dict[str, Any]:
    checkpoint: dict[str, Any] = torch.load(
        folder / "run/a/checkpoints/last.ckpt", weights_only=True
    )
    return checkpoint


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("what", "stop", "steps"),
    [
        ("generator", "StopAfterFirstEpoch", 4),
        ("generator", "InterruptInSecondEpoch", 6),
        ("generator", "InterruptInSecondValidation", 8),
        ("classifier", "StopAfterFirstEpoch", 4),
        ("classifier", "InterruptInSecondEpoch", 6),
    ],
)
def test_a_stopped_run_goes_on_to_the_weights_of_a_straight_one(
    what: str,
    stop: str,
    steps: int,
    workers: str,
    straight: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--data.init_args.num_workers", workers]
    stopping = f"--trainer.callbacks+=tests.integration.callbacks.{stop}"
    if stop == "StopAfterFirstEpoch":
        with pytest.raises(RuntimeError, match="killed"):
            fit(what, tmp_path / "stopped", *words, stopping)
    else:
        assert fit(what, tmp_path / "stopped", *words, stopping) == 130
        hint = f"--ckpt_path {tmp_path / 'stopped/run/a/checkpoints/last.ckpt'}"
        assert hint in capsys.readouterr().out
    assert last(tmp_path / "stopped")["global_step"] == steps
    checkpoint = str(tmp_path / "stopped/run/a/checkpoints/last.ckpt")
    assert fit(what, tmp_path / "resumed", *words, "--ckpt_path", checkpoint) == 0
    expected, found = last(straight / what), last(tmp_path / "resumed")
    assert found["global_step"] == expected["global_step"]
    for name, value in expected["state_dict"].items():
        assert torch.equal(value, found["state_dict"][name]), name


def run_apart(command: list[str]) -> str:
    """Run a command that must succeed in processes of its own; what it prints."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_two_processes_measure_what_one_does(straight: Path, tmp_path: Path) -> None:
    checkpoint = str(straight / "classifier/run/a/checkpoints/last.ckpt")
    words = ["classifier", "test", *BASE, *DATA, *CLASSIFIER, "--ckpt_path", checkpoint]
    words += ["--trainer.accelerator", "cpu", "--trainer.precision", "32-true"]
    assert main([*words, *logger(tmp_path / "one")]) == 0
    two = [*logger(tmp_path / "two"), "--trainer.devices", "2", "--trainer.strategy", "ddp"]
    run_apart([sys.executable, "-m", "cfaug", *words, *two])
    one, both = figures(tmp_path / "one"), figures(tmp_path / "two")
    assert one.keys() == both.keys()
    assert one["test/unconfounded_images"] == both["test/unconfounded_images"] == 400
    for name, value in one.items():
        assert both[name] == pytest.approx(value, abs=0.3), name  # a borderline image or so
