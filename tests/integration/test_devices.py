"""Two processes train as one does: the same batches, losses and updates."""

import csv
import sys
from pathlib import Path

import pytest
import torch

from cfaug.cli.main import main
from tests.integration.test_cli import (
    BASE,
    CLASSIFIER,
    DATA,
    GENERATOR,
    figures,
    last,
    logger,
    run_apart,
)

UPDATES = 6


def losses(folder: Path, term: str) -> list[float]:
    """A term of the loss at each update."""
    with (folder / "run/a/metrics.csv").open(newline="") as file:
        told = [row[f"train/{term}"] for row in csv.DictReader(file)]
    return [float(value) for value in told if value]


@pytest.mark.parametrize(
    ("what", "terms"),
    [
        ("generator", ["loss", "reconstruction", "kl", "detail_kl", "adversary", "consistency"]),
        ("classifier", ["loss", "original", "counterfactual", "distance"]),
    ],
)
def test_two_processes_train_as_one(
    what: str, terms: list[str], straight: Path, tmp_path: Path
) -> None:
    config = GENERATOR if what == "generator" else CLASSIFIER
    words = [what, "fit", *BASE, *DATA, *config, "--trainer.max_epochs", "1"]
    words += ["--data.init_args.epoch_size", str(128 * UPDATES)]
    words += ["--data.init_args.sampling", "deconfounded", "--trainer.precision", "32-true"]
    words += ["--trainer.accelerator", "cpu", "--trainer.log_every_n_steps", "1"]
    if what == "classifier":  # whose counterfactuals have fresh values of the attributes
        path = straight / "generator/run/a/checkpoints/last.ckpt"
        words += ["--model.generator", str(path)]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main([*words, *logger(one)]) == 0
    both = ["--trainer.devices", "2"]
    both += ["--trainer.callbacks+=tests.integration.callbacks.CheckRanks"]
    told = run_apart([sys.executable, "-m", "cfaug", *words, *logger(two), *both])
    assert "ranks checked" in told
    for term in terms:
        alone = losses(one, term)
        assert len(alone) == UPDATES
        assert losses(two, term) == pytest.approx(alone, rel=1e-4), term
    # Not the weights themselves: Adam moves a weight by the sign of a gradient that is nearly 0.
    for name, buffer in last(one)["state_dict"].items():
        if "running" in name:
            assert torch.allclose(last(two)["state_dict"][name], buffer, rtol=1e-3, atol=1e-3), name
    # Validation images, 97 of them, do not divide evenly; a generator's have noise of their own.
    name = "val/group_lasso" if what == "generator" else "val/loss"
    assert figures(two)[name] == pytest.approx(figures(one)[name], rel=1e-4)


def test_two_processes_of_jtt_emphasise_the_same_images(tmp_path: Path) -> None:
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, "--trainer.max_epochs", "1"]
    words += ["--data.init_args.epoch_size", str(128 * UPDATES), "--trainer.accelerator", "cpu"]
    words += ["--model.objective", "JTT", "--model.objective.updates", "20"]
    words += ["--trainer.devices", "2"]
    words += ["--trainer.callbacks+=tests.integration.callbacks.CheckRanks"]
    told = run_apart([sys.executable, "-m", "cfaug", *words, *logger(tmp_path)])
    assert "ranks checked" in told
    assert 100 < figures(tmp_path)["data/effective_train_size"] < 1300
