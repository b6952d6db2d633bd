"""Bad input: one clear line, a status that is not zero, nothing half-written."""

from collections.abc import Sequence
from errno import EROFS
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer

from cfaug.cli.main import main
from cfaug.generators.conditional_vae.conditional_vae import ConditionalVAE
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color, Rotation, Thickness
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, GENERATOR, fit, logger


def checkpoint(
    folder: Path, renderers: Sequence[object] = (Thickness(), Color()), size: int = 16
) -> Path:
    """A generator's checkpoint as the command line leaves it, for given attributes."""
    kinds = ",".join(
        f"{{class_path: datamodules.rendering.renderers.{type(r).__name__}}}" for r in renderers
    )
    words = [*BASE, *DATA, *GENERATOR, *logger(folder), "--trainer.max_epochs", "1"]
    words += ["--data.init_args.epoch_size", "128", "--data.init_args.size", str(size)]
    words += ["--data.init_args.renderers", f"[{kinds}]", "--trainer.limit_val_batches", "0"]
    words += ["--trainer.log_every_n_steps", "1"]
    assert main(["generator", "fit", *words]) == 0
    return folder / "run/a/checkpoints/last.ckpt"


def fails(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail; its message, which must be one line."""
    capsys.readouterr()
    assert main(words) != 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "error" in line.lower()]
    return lines[-1] if lines else ""


def test_strength_out_of_range(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["generator", "fit", *BASE, *DATA, *GENERATOR, *logger(tmp_path)]
    message = fails([*words, "--data.init_args.strength", "1.5"], capsys)
    assert "strength of 'thickness' is 1.5, expected a number from 0" in message
    assert not list(tmp_path.iterdir())


def test_a_batch_larger_than_the_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["generator", "fit", *BASE, *DATA, *GENERATOR, *logger(tmp_path)]
    words += ["--data.init_args.batch_size", "5000", "--data.init_args.epoch_size", "null"]
    assert "batch_size is 5000 but an epoch has 1300 images" in fails(words, capsys)


def test_a_batch_that_devices_cannot_share(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path)]
    words += ["--trainer.devices", "3", "--trainer.accelerator", "cpu"]
    assert fails(words, capsys) == (
        "cfaug: error: batch_size is 128, the images of a batch over all devices, and 3 devices "
        "cannot share them evenly; set --data.init_args.batch_size to 126 or 129, or "
        "--trainer.devices to another number"
    )


def test_a_checkpoint_of_other_attributes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = checkpoint(tmp_path / "generator", [Rotation()])
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "classifier")]
    message = fails([*words, "--model.generator", str(path)], capsys)
    assert "was made for digit (10), angle (5)" in message
    assert "the data have digit (10), thickness (2), color (10)" in message
    words = ["evaluate", *DATA, "--folder", str(tmp_path / "evaluate"), "--generator", str(path)]
    assert "was made for digit (10), angle (5)" in fails(words, capsys)


def test_a_checkpoint_of_another_size(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "generator", [Thickness(), Color()], size=20)
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "classifier")]
    message = fails([*words, "--model.generator", str(path)], capsys)
    assert "was made for images of (3, 20, 20), the data have (3, 16, 16)" in message


@pytest.mark.parametrize("what", ["generator", "classifier"])
def test_a_checkpoint_that_cannot_be_gone_on_from(
    what: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = {"generator": GENERATOR, "classifier": CLASSIFIER}[what]
    words = [what, "fit", *BASE, *DATA, *words, *logger(tmp_path / "run"), "--ckpt_path"]
    assert f"no {what} checkpoint at" in fails([*words, str(tmp_path / "no.ckpt")], capsys)
    (tmp_path / "bad.ckpt").write_bytes(b"no checkpoint")
    message = fails([*words, str(tmp_path / "bad.ckpt")], capsys)
    assert f"bad.ckpt is not a readable {what} checkpoint" in message
    assert "weights_only" not in message


def test_going_on_with_other_values_of_the_same_number(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = checkpoint(tmp_path / "generator", [Thickness(), Color()])
    colors = "[white,purple,olive,red,green,blue,yellow,magenta,cyan,orange]"
    words = ["generator", "fit", *BASE, *DATA, *GENERATOR, *logger(tmp_path / "again")]
    words += [
        "--data.init_args.renderers",
        f"[{{class_path: Thickness}}, {{class_path: Color, init_args: {{colors: {colors}}}}}]",
    ]
    message = fails([*words, "--ckpt_path", str(path)], capsys)
    assert "the checkpoint was made for digit (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)" in message
    assert "color (white, purple, olive," in message


@pytest.mark.parametrize(
    ("made", "options", "expected"),
    [
        ("classifier", [], "last.ckpt is not a generator's checkpoint; `cfaug generator fit`"),
        ("generator", ["--model.init_args.channels", "8"], "of another network: "),
        (
            "generator",
            ["--data.init_args.size", "20"],
            "made for images of (3, 16, 16), the data have (3, 20, 20); set --data.init_args.size",
        ),
    ],
)
def test_going_on_with_another_network(
    made: str, options: list[str], expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if made == "generator":
        path = checkpoint(tmp_path / "generator")
    else:
        assert fit("classifier", tmp_path / "classifier", "--trainer.max_epochs", "1") == 0
        path = tmp_path / "classifier/run/a/checkpoints/last.ckpt"
    words = ["generator", "fit", *BASE, *DATA, *GENERATOR, *logger(tmp_path / "again"), *options]
    message = fails([*words, "--ckpt_path", str(path)], capsys)
    assert expected in message


def test_a_classifier_does_not_go_on_from_a_generator(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = checkpoint(tmp_path / "generator")
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "run")]
    words += ["--model.generator", "last", "--ckpt_path", str(path)]
    assert f"{path} is not a classifier's checkpoint" in fails(words, capsys)
    torch.save({"state_dict": {}}, path)
    assert f"{path} is not a classifier's checkpoint" in fails(words, capsys)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--data.init_args.conflicting_share", "0.6"], "from 0 (total confounding) to 0.5 (none)"),
        (["--data.init_args.num_workers", "-1"], "num_workers is -1, expected at least 0"),
        (["--data.init_args.scale", "-2"], "scale is -2.0, expected at least 0"),
        (["--data.init_args.size", "3"], "size is 3, expected at least 4"),
        (["--trainer.max_epochs", "-1"], "training has no end"),
        (
            ["--trainer.accelerator", "foo"],
            "--trainer do not go together or with this machine: You",
        ),
        (["--trainer.devices", "0"], "--trainer do not go together or with this machine: `Trainer"),
        (["--seed_everything", "-1"], "seed_everything is -1, expected a whole number from 0 to 4"),
        (["--data.init_args.seed", "4294967296"], "seed is 4294967296, expected a whole number"),
    ],
)
def test_options_out_of_range(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fit = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path)]
    assert expected in fails([*fit, *words], capsys)


def test_a_missing_generator(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["evaluate", *DATA, "--folder", str(tmp_path), "--generator", str(tmp_path / "no.ckpt")]
    assert "no generator checkpoint at" in fails(words, capsys)


def test_a_refused_audit_leaves_no_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "audit"
    words = ["audit", "--folder", str(folder)]
    assert "--seed is -1, expected a whole number" in fails([*words, *DATA, "--seed", "-1"], capsys)
    table = tmp_path / "table.csv"
    table.write_text("file,hair\n1.jpg,\n")
    assert "hair" in fails([*words, "--table", str(table), "--label", "hair"], capsys)
    assert not folder.exists()


def test_a_yaml_that_is_not_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "data.yaml"
    path.write_bytes("data: Übung".encode("latin-1"))
    for command in (["audit"], ["generator", "fit"], ["benchmark"]):
        assert f"{path} is not UTF-8" in fails([*command, "-c", str(path)], capsys)


def test_a_read_only_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "touch", refuse)  # root may write where permissions say no
    message = fails(["audit", *DATA, "--folder", str(tmp_path)], capsys)
    assert f"the folder {tmp_path} cannot be written" in message
    assert message.endswith("choose another --folder")
    monkeypatch.setattr(Path, "mkdir", refuse)
    message = fails(["faces", str(tmp_path / "faces"), "--count", "10"], capsys)
    assert "faces (Read-only file system); free some space, or choose another folder" in message
    assert not list(tmp_path.iterdir())


def test_an_unwritable_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    words = ["audit", *DATA, "--folder", str(tmp_path / "file" / "audit")]
    assert "cannot be written" in fails(words, capsys)
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *logger(tmp_path / "file")]
    assert str(tmp_path / "file") in fails(words, capsys)


def test_bfloat16_trains_with_finite_losses(tmp_path: Path) -> None:
    data = ConfoundedDigits([Color()], source="digits", size=16, epoch_size=256)
    generator = ConditionalVAE(data.attribute_space, data.image_shape, latent=4, channels=16)
    trainer = Trainer(max_epochs=1, precision="bf16-mixed", logger=False, default_root_dir=tmp_path)
    trainer.fit(generator, datamodule=data)
    metrics = trainer.callback_metrics
    assert metrics["val/loss"].isfinite()
    assert metrics["val/reconstruction"] > 0
    assert next(generator.parameters()).dtype.is_floating_point
