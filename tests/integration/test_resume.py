"""Runs that a signal, a scheduler or another option stops, and that go on or say why not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from cfaug.cli.main import main
from cfaug.tracking.run_records import RunRecord
from tests.integration.test_cli import (
    BASE,
    CLASSIFIER,
    DATA,
    GENERATOR,
    ROOT,
    SHORT,
    figures,
    fit,
    last,
    logger,
)
from tests.integration.test_errors import fails

HERE = "tests.integration.test_resume"
pytestmark = pytest.mark.usefixtures("as_in_a_terminal")

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Signal(Callback):
    """Sends a signal to this process, as a terminal or a scheduler does.

    Args:
        number: The signal.
        where: In the middle of an update, in a validation or in a test.
        epoch: In which.
    """

    def __init__(self, number: int, where: str, epoch: int = 1) -> None:
        self.number, self.where, self.epoch = number, where, epoch

    def _send(self, trainer: Trainer, where: str) -> None:
        here = where == "test" or trainer.current_epoch == self.epoch
        if where == self.where and here and trainer.is_global_zero:
            self.where = "done"
            signal.raise_signal(self.number)

    def on_before_zero_grad(self, trainer: Trainer, *_: object) -> None:
        """After the forward pass, which changes the averages of batch normalisation."""
        if trainer.fit_loop.epoch_loop.batch_progress.current.ready == 3:
            self._send(trainer, "update")

    def on_validation_batch_start(self, trainer: Trainer, *_: object) -> None:
        self._send(trainer, "validation")

    def on_test_batch_start(self, trainer: Trainer, *_: object) -> None:
        self._send(trainer, "test")


def sending(number: int, where: str, epoch: int = 1) -> list[str]:
    """Words that send a signal, see `Signal`."""
    words = [f"--trainer.callbacks+={HERE}.Signal", f"--trainer.callbacks.number={number:d}"]
    return [*words, f"--trainer.callbacks.where={where}", f"--trainer.callbacks.epoch={epoch}"]


def path_of(folder: Path) -> Path:
    return folder / "run/a/checkpoints/last.ckpt"


def require_same_weights(a: Path, b: Path) -> None:
    expected, found = last(a), last(b)
    assert found["global_step"] == expected["global_step"]
    for name, value in expected["state_dict"].items():
        assert torch.equal(value, found["state_dict"][name]), name


@pytest.mark.parametrize("number", STATUS)
@pytest.mark.parametrize(
    ("what", "where", "epoch", "steps"),
    [
        ("generator", "update", 1, 7),
        ("classifier", "update", 1, 7),
        ("generator", "validation", 0, 4),
        ("classifier", "validation", 0, 4),
    ],
)
def test_a_signal_leaves_a_whole_checkpoint_to_go_on_from(
    number: int,
    what: str,
    where: str,
    epoch: int,
    steps: int,
    straight: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fit(what, tmp_path / "a", *sending(number, where, epoch)) == STATUS[number]
    told = capsys.readouterr()
    assert told.err.endswith("cfaug: stopped\n")
    assert f"to go on: the same command with --ckpt_path {path_of(tmp_path / 'a')}" in told.out
    assert last(tmp_path / "a")["global_step"] == steps
    assert fit(what, tmp_path / "b", "--ckpt_path", str(path_of(tmp_path / "a"))) == 0
    require_same_weights(straight / what, tmp_path / "b")


@pytest.mark.parametrize("number", STATUS)
def test_a_signal_ends_a_test_too(
    number: int, straight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["classifier", "test", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path), "--ckpt_path"]
    words += [str(path_of(straight / "classifier")), *sending(number, "test")]
    assert main(words) == STATUS[number]
    told = capsys.readouterr()
    assert told.err.endswith("cfaug: stopped\n")
    assert "to go on" not in told.out  # a test begins anew
    assert not (tmp_path / "run/a/metrics.json").exists()


@pytest.mark.parametrize("number", STATUS)
def test_no_checkpoint_is_promised_before_the_first_update(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunRecord, "on_train_start", lambda *_: signal.raise_signal(number))
    assert fit("classifier", tmp_path) == STATUS[number]
    assert "to go on" not in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.ckpt"))


class TwiceInAnUpdate(Callback):
    """A user who cannot wait: Ctrl-C twice while one update is made."""

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        signal.raise_signal(signal.SIGINT)
        self.after_first = True
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on after the second")


def test_the_second_interrupt_does_not_wait(tmp_path: Path) -> None:
    assert fit("classifier", tmp_path, f"--trainer.callbacks+={HERE}.TwiceInAnUpdate") == 130


@pytest.mark.parametrize("command", ["audit", "augment"])
def test_other_commands_end_by_sigterm_and_leave_nothing_half_written(
    command: str,
    straight: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def terminate(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    words = [command, *DATA, "--folder", str(tmp_path / "made")]
    if command == "augment":
        words += ["--generator", str(path_of(straight / "generator")), "--judge_steps", "0"]
        monkeypatch.setattr("pyarrow.parquet.ParquetWriter.close", terminate)
    else:
        monkeypatch.setattr("json.dumps", terminate)  # while a file is being written
    assert main(words) == 143
    assert capsys.readouterr().err.endswith("cfaug: stopped\n")
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if name.endswith((".part", ".parquet", ".json"))]


class KilledAfterFirstEpoch(Callback):
    """Stops a run that leaves no checkpoint of its own then."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise RuntimeError("killed")


# Lightning counts options of a checkpoint's callback among those that have to be the same.
@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
@pytest.mark.parametrize("every", [3, 4])
@pytest.mark.parametrize("what", ["generator", "classifier"])
def test_a_run_goes_on_from_a_checkpoint_of_the_middle_of_an_epoch(
    what: str, every: int, straight: Path, tmp_path: Path
) -> None:
    words = ["--checkpoint.every_n_train_steps", str(every), "--checkpoint.save_on_exception"]
    words += ["false", f"--trainer.callbacks+={HERE}.KilledAfterFirstEpoch"]
    with pytest.raises(RuntimeError, match="killed"):
        fit(what, tmp_path / "a", *words)
    assert last(tmp_path / "a")["global_step"] == every
    assert fit(what, tmp_path / "b", "--ckpt_path", str(path_of(tmp_path / "a"))) == 0
    require_same_weights(straight / what, tmp_path / "b")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--data.init_args.batch_size", "64"], "has batches of 128 images, not 64 as now; "),
        (["--data.init_args.epoch_size", "256"], "draws 512 images in an epoch, not 256 as now; "),
        (["--seed_everything", "1"], "has the seed 0, not 1 as now; give it --seed_everything 0, "),
        (["--data.init_args.seed", "1"], "has data of the seed 0, not 1 as now; give it --data."),
    ],
)
def test_a_run_does_not_go_on_with_other_draws(
    words: list[str],
    expected: str,
    straight: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    going_on = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, *logger(tmp_path), *words]
    going_on += ["--trainer.max_epochs", "3", "--ckpt_path", str(path_of(straight / "classifier"))]
    message = fails(going_on, capsys)
    assert f"cfaug: error: the run to go on with {expected}" in message
    assert message.endswith(", or start anew")


def test_processes_stop_together_and_one_goes_on_where_they_were(
    straight: Path, tmp_path: Path
) -> None:
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, *logger(tmp_path / "a")]
    words += ["--trainer.devices", "2", "--trainer.accelerator", "cpu"]
    words += sending(signal.SIGTERM, "update")
    command = [sys.executable, "-m", "cfaug", *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 143, done.stderr[-3000:]
    assert "to go on: the same command with --ckpt_path" in done.stdout
    state = last(tmp_path / "a")
    assert state["global_step"] == 7
    assert state["ConfoundedDigits"]["draws"] == 3 * 128  # of both
    # One device has the draws that were still to come, in the same batches.
    path = str(path_of(tmp_path / "a"))
    assert fit("classifier", tmp_path / "b", "--ckpt_path", path) == 0
    assert last(tmp_path / "b")["global_step"] == 8
    one, both = figures(straight / "classifier"), figures(tmp_path / "b")
    for name in ("train/loss", "val/loss"):  # of bfloat16, in sums of another order
        assert both[name] == pytest.approx(one[name], rel=2e-3), name


@pytest.mark.parametrize("name", ["best", "last", "hpc", "registry", "registry:name:version:1"])
@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_a_checkpoint_is_named_by_its_file(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["classifier", command, *BASE, *DATA, *CLASSIFIER, *logger(tmp_path)]
    message = fails([*words, "--ckpt_path", name], capsys)
    assert message == (
        f"cfaug: error: --ckpt_path is {name}, which is no file; name its checkpoint: "
        "--ckpt_path runs/classifier/version_0/checkpoints/last.ckpt"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_what_is_not_trained_is_not_tested(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generator", command, *BASE, *DATA, *GENERATOR, *logger(tmp_path)]
    message = fails(words, capsys)
    assert f"`cfaug generator {command}` wants a trained generator; name its che" in message
    assert not list(tmp_path.iterdir())
