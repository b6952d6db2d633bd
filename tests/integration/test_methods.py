"""Methods through the command line: what they do before and after training, and stopped runs."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cfaug.classifiers import Classifier
from cfaug.classifiers.objectives import DFR
from cfaug.cli.main import main
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color, Thickness
from tests.integration.test_cli import (
    BASE,
    CLASSIFIER,
    DATA,
    ROOT,
    figures,
    fit,
    last,
    logger,
)
from tests.integration.test_resume import path_of, require_same_weights

STOP = "--trainer.callbacks+=tests.integration.callbacks.StopAfterFirstEpoch"


def words(method: str) -> list[str]:
    return ["-c", str(ROOT / f"experiments/methods/{method}.yaml")]


@pytest.mark.parametrize("method", ["lff", "jtt", "group-dro", "irm"])
def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(
    method: str, tmp_path: Path
) -> None:
    options = [*words(method), "--trainer.precision", "32-true"]
    if method == "jtt":
        options += ["--model.objective.updates", "3"]
    assert fit("classifier", tmp_path / "straight", *options) == 0
    with pytest.raises(RuntimeError, match="killed"):
        fit("classifier", tmp_path / "stopped", *options, STOP)
    options += ["--ckpt_path", str(path_of(tmp_path / "stopped"))]
    assert fit("classifier", tmp_path / "resumed", *options) == 0
    require_same_weights(tmp_path / "straight", tmp_path / "resumed")
    state = last(tmp_path / "resumed")
    assert not any(name.startswith("objective") for name in state["state_dict"])
    for name, value in last(tmp_path / "straight")["objective"].items():
        assert torch.equal(value, state["objective"][name]), name
    assert bool(state["objective"]) == (method != "jtt")


def test_jtt_draws_the_images_that_its_first_network_got_wrong(tmp_path: Path) -> None:
    options = [*words("jtt"), "--trainer.max_epochs", "1"]
    few = ["--model.objective.updates", "2"]  # so few that it gets most images wrong
    assert fit("classifier", tmp_path / "few", *options, *few) == 0
    assert fit("classifier", tmp_path / "many", *options, "--model.objective.updates", "60") == 0
    worth = {n: figures(tmp_path / n)["data/effective_train_size"] for n in ("few", "many")}
    # Of 1,300 images of which a twentieth is drawn 20 times as often, about 170.
    assert 100 < worth["many"] < 600 < worth["few"] <= 1300


def test_dfr_leaves_the_last_layer_that_validation_images_give(tmp_path: Path) -> None:
    assert fit("classifier", tmp_path, *words("dfr"), "--trainer.precision", "32-true") == 0
    state = last(tmp_path)["state_dict"]
    data = ConfoundedDigits([Thickness(thick=1), Color()], source="digits", size=16, strength=0.95)
    data.setup()
    classifier = Classifier(data.attribute_space, data.image_shape)
    classifier.load_state_dict(state)
    classifier.eval()
    with torch.no_grad():
        batches = list(data.batches("val", torch.device("cpu")))
        features = torch.cat([classifier.represent(batch["image"]) for batch in batches])
    attributes = torch.cat([batch["attributes"] for batch in batches])
    head = nn.Linear(128, 10)
    groups = data.attribute_space.groups(attributes)
    DFR().finish(head, features, attributes[:, 0], groups)
    assert torch.allclose(head.weight, state["head.weight"], atol=1e-3)
    assert torch.allclose(head.bias, state["head.bias"], atol=1e-3)


def test_dfr_that_is_stopped_early_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    early = ["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor", "val/loss"]
    early += ["--trainer.callbacks.stopping_threshold", "1000"]
    assert fit("classifier", tmp_path, *words("dfr"), *early) == 1
    told = capsys.readouterr().err
    assert "DFR learns the last layer after the last update, and training ended before, at " in told
    assert "at update 4 of 8; leave out what ends it early, or set --trainer.max_epochs" in told


def test_originals_are_not_weighed_against_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("classifier", tmp_path, "--model.original_weight", "0.5") == 1
    told = capsys.readouterr().err
    assert "original_weight is 0.5, a weight beside counterfactuals, and there are none; n" in told


def test_an_option_out_of_range_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixing = ["--model.objective", "MixUp", "--model.objective.alpha", "0"]
    assert fit("classifier", tmp_path, *mixing) != 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "alpha is 0.0, expected a number above 0" in line


def test_there_is_no_choice_by_a_worst_group_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worst = ["--checkpoint.monitor", "val/worst_group_accuracy", "--checkpoint.mode", "max"]
    assert fit("classifier", tmp_path, *worst, "--data.init_args.strength", "0") == 1
    told = capsys.readouterr().err
    assert "val/worst_group_accuracy is to choose, and no group has 10 validation images (" in told
    assert "choose by val/balanced_accuracy, or give validation more images" in told


def test_the_best_check_can_be_tested_instead_of_the_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The lowest accuracy is called best, which is that of the first check.
    best = {"monitor": "val/balanced_accuracy", "mode": "min", "filename": "best"}
    options = ["--checkpoint.save_last", "true"]
    for name, value in best.items():
        options += [f"--checkpoint.{name}", value]
    assert fit("classifier", tmp_path / "fit", *options, "--trainer.max_epochs", "3") == 0
    assert "tested are the weights with the best val/balanced_accuracy" in capsys.readouterr().out
    kept = tmp_path / "fit/run/a/checkpoints"
    assert {path.name for path in kept.iterdir()} == {"best.ckpt", "last.ckpt"}
    assert torch.load(kept / "best.ckpt", weights_only=True)["epoch"] == 0
    command = ["classifier", "test", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "test")]
    assert main([*command, *options, "--ckpt_path", str(kept / "best.ckpt")]) == 0
    assert fit("classifier", tmp_path / "last", "--trainer.max_epochs", "3") == 0
    again, once, last_weights = (figures(tmp_path / name) for name in ("test", "fit", "last"))
    accuracy = "test/unconfounded_accuracy"
    assert again[accuracy] == once[accuracy]
    assert last_weights[accuracy] != once[accuracy]


# The run goes on in its own folder, as one of a benchmark does.
@pytest.mark.filterwarnings("ignore:Experiment logs directory", "ignore:Checkpoint directory")
def test_a_stopped_run_keeps_its_best_check(tmp_path: Path) -> None:
    """The first check is the best, as accuracy is to be low; the run stops in the second epoch."""
    options = ["--checkpoint.monitor", "val/accuracy", "--checkpoint.mode", "min"]
    options += ["--checkpoint.filename", "best", "--trainer.precision", "32-true"]
    stop = "--trainer.callbacks+=tests.integration.callbacks.InterruptInSecondEpoch"
    kept = tmp_path / "run/a/checkpoints"
    assert fit("classifier", tmp_path, *options, stop) == 130
    assert {path.name for path in kept.iterdir()} == {"best.ckpt", "last.ckpt"}
    best = torch.load(kept / "best.ckpt", weights_only=True)
    assert (best["global_step"], last(tmp_path)["global_step"]) == (4, 6)
    options += ["--ckpt_path", str(path_of(tmp_path))]
    assert fit("classifier", tmp_path, *options) == 0
    after = torch.load(kept / "best.ckpt", weights_only=True)
    assert after["global_step"] == 4
    for name, value in best["state_dict"].items():
        assert torch.equal(value, after["state_dict"][name]), name
