"""Other authors' generators on the command line."""

from pathlib import Path

import pytest
import torch

from cfaug.cli.main import main
from cfaug.generators import load_generator
from tests.integration.test_cli import BASE, DATA, ROOT, SHORT, figures, last, logger

NAMES = ("deep-scm", "star-gan", "conditional-cycle-gan")


def words(name: str, folder: Path) -> list[str]:
    config = ["-c", str(ROOT / f"experiments/generator/{name}.yaml")]
    options = ["--model.init_args.channels", "8", "--trainer.precision", "32-true"]
    if name == "star-gan":
        options += ["--model.init_args.critic_updates", "2"]
    if name == "conditional-cycle-gan":
        options += ["--model.init_args.pretraining", "2"]
    return ["generator", "fit", *BASE, *DATA, *config, *SHORT, *logger(folder), *options]


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(name: str, tmp_path: Path) -> None:
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    assert main(words(name, straight)) == 0
    stopping = "--trainer.callbacks+=tests.integration.callbacks.StopAfterFirstEpoch"
    with pytest.raises(RuntimeError, match="killed"):
        main([*words(name, tmp_path / "stopped"), stopping])
    path = tmp_path / "stopped/run/a/checkpoints/last.ckpt"
    assert last(tmp_path / "stopped")["global_step"] < last(straight)["global_step"]
    assert main([*words(name, resumed), "--ckpt_path", str(path)]) == 0
    expected, found = last(straight)["state_dict"], last(resumed)["state_dict"]
    assert all(torch.equal(value, found[key]) for key, value in expected.items())
    read = load_generator(resumed / "run/a/checkpoints/last.ckpt")
    rows = torch.zeros(2, 3).long()
    edited = read.edit(torch.rand(2, 3, 16, 16), rows, 1 - rows, [0, 1, 2])
    assert edited.shape == (2, 3, 16, 16)
    assert 0 <= edited.min() < edited.max() <= 1
    assert figures(resumed)["val/loss"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_training_without_end_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words(name, tmp_path), "--trainer.max_epochs", "-1"]) == 1
    assert "training has no end; set --trainer.max_epochs or --t" in capsys.readouterr().err


def test_pretraining_that_leaves_nothing_of_the_training_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = ["--model.init_args.pretraining", "8"]
    assert main([*words("conditional-cycle-gan", tmp_path), *long]) == 1
    assert "pretraining is 8 updates, and the training has 8, of" in capsys.readouterr().err
