"""Training that goes wrong stops, tells so, and keeps the last good checkpoint."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from cfaug.cli.main import main
from cfaug.evaluation.judges import Reader, as_rendered
from cfaug.training.quiet_fit import fit_quietly
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, GENERATOR, SHORT, fit, last, logger
from tests.integration.test_errors import fails

HERE = "tests.integration.test_non_finite"
FIT = {"generator": GENERATOR, "classifier": CLASSIFIER}


class BreakInSecondEpoch(Callback):
    """Makes a weight infinite, as a step that is too large does."""

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        if trainer.current_epoch == 1 and batch_idx == 1:
            with torch.no_grad():
                next(pl_module.parameters()).view(-1)[0] = float("inf")


class BreakAfterLastUpdate(Callback):
    """Makes a weight infinite where no loss tells of it any more."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch == 1:
            with torch.no_grad():
                next(pl_module.parameters()).view(-1)[0] = float("inf")


class FakeScaler(Callback):
    """As with the precision 16-mixed on a GPU, where some updates have gradients of infinity."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert trainer.precision_plugin.scaler is None  # type: ignore[attr-defined]
        trainer.precision_plugin.scaler = torch.amp.GradScaler("cpu")  # type: ignore[attr-defined]
        step: Any = pl_module.training_step

        def sometimes_infinite(batch: Any, batch_idx: int) -> Tensor:
            loss: Tensor = step(batch, batch_idx)
            return loss * float("inf") if batch_idx == 1 else loss

        pl_module.training_step = sometimes_infinite  # type: ignore[method-assign]


@pytest.mark.parametrize("breaking", ["BreakInSecondEpoch", "BreakAfterLastUpdate"])
@pytest.mark.parametrize("what", ["generator", "classifier"])
def test_training_that_goes_wrong_stops_and_keeps_what_was_good(
    what: str, breaking: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [what, "fit", *BASE, *DATA, *FIT[what], *SHORT, *logger(tmp_path)]
    message = fails([*words, f"--trainer.callbacks+={HERE}.{breaking}"], capsys)
    path = tmp_path / "run/a/checkpoints/last.ckpt"
    told = "the loss is nan at update 6" if breaking == "BreakInSecondEpoch" else "weights are not"
    assert f"training went wrong: {told}" in message
    assert f"({path} is from before); try a lower learning rate, the precision 32" in message
    kept = last(tmp_path)
    assert kept["global_step"] == 4  # that of the first epoch
    assert all(weight.isfinite().all() for weight in kept["state_dict"].values())


def test_a_learning_rate_that_is_too_high_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, *logger(tmp_path)]
    message = fails([*words, "--model.lr", "1e38"], capsys)
    assert "training went wrong: the loss is nan at update 2; try a lower learning" in message
    assert not list(tmp_path.rglob("*.ckpt"))


def test_an_update_that_a_scaler_leaves_out_is_no_error(tmp_path: Path) -> None:
    words = [f"--trainer.callbacks+={HERE}.FakeScaler", "--trainer.limit_val_batches", "0"]
    assert fit("classifier", tmp_path, *words) == 0
    assert all(weight.isfinite().all() for weight in last(tmp_path)["state_dict"].values())


def test_a_judge_that_goes_wrong_stops() -> None:
    data = ConfoundedDigits([Color()], source="digits", size=16)
    data.setup()
    judge = Reader(data.attribute_space, data.image_shape, as_rendered, lr=1e38)
    with pytest.raises(ValueError, match="training went wrong: the loss is nan at update 2; try"):
        fit_quietly(judge, data, 40, "32-true", "training a judge")


def broken(folder: Path, what: str) -> Path:
    """A checkpoint with a weight that is no number."""
    assert fit(what, folder, "--trainer.max_epochs", "1") == 0
    path = folder / "run/a/checkpoints/last.ckpt"
    state = torch.load(path, weights_only=True)
    name = next(iter(state["state_dict"]))
    state["state_dict"][name].view(-1)[0] = float("nan")
    torch.save(state, path)
    return path


def test_weights_that_are_not_finite_are_refused_wherever_they_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = str(broken(tmp_path / "generator", "generator"))
    classifier = str(broken(tmp_path / "classifier", "classifier"))
    fitting = [*BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "fit")]
    folder = ["--folder", str(tmp_path / "results")]
    explore = ["explore", *DATA, "--port", "0", "--judge_steps", "0", "--generator"]
    for path, words in [
        (generator, ["evaluate", *DATA, *folder, "--generator", generator]),
        (generator, ["augment", *DATA, *folder, "--generator", generator]),
        (generator, [*explore, generator]),
        (generator, ["classifier", "fit", *fitting, "--model.generator", generator]),
        (generator, ["generator", "test", *BASE, *DATA, *GENERATOR, "--ckpt_path", generator]),
        (classifier, ["classifier", "test", *fitting, "--ckpt_path", classifier]),
        (classifier, ["classifier", "fit", *fitting, "--ckpt_path", classifier]),
    ]:
        message = fails(words, capsys)
        assert f"{path} is of a training that went wrong: weights are not finite (" in message
        assert message.endswith("; name another, or train it anew")


class NoValidationLoss(Callback):
    """Logs a figure that is no number."""

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pl_module.log("val/odd", float("nan"))


def test_a_figure_that_is_left_out_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("classifier", tmp_path, f"--trainer.callbacks+={HERE}.NoValidationLoss") == 0
    path = tmp_path / "run/a/metrics.json"
    assert "val/odd" not in json.loads(path.read_text())
    assert f"not in {path}, for they are not finite: val/odd\n" in capsys.readouterr().err


def test_good_figures_are_left_out_in_silence_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 400 test images in 200 combinations: no group has 10, so no worst one either.
    assert main(["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, *logger(tmp_path)]) == 0
    assert "not finite" not in capsys.readouterr().err
