"""What a run leaves in its folder: configuration, command, commit and figures."""

import json
import math
import os
import platform
import shlex
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback
from lightning.pytorch.loggers import Logger, WandbLogger

from cfaug.tracking.drawn_images import figures_of_draws
from cfaug.tracking.run_names import RECORD, Identity
from cfaug.training.precision import fastest_precision
from datamodules.notices import some_of, tell
from datamodules.storage.atomic_files import whole_file, write_json


def run_folder(trainer: Trainer) -> Path:
    """The folder of a run, where its checkpoints lie too; needs no communication between ranks."""
    logger = trainer.logger
    if logger is None or logger.save_dir is None:
        return Path(trainer.default_root_dir)
    return logger_folder(logger)


def logger_folder(logger: Logger) -> Path:
    """The folder of a run where a logger has it; a WandbLogger has no log_dir, but this layout."""
    version = logger.version
    version = f"version_{version}" if isinstance(version, int) else str(version)
    return Path(str(logger.save_dir), str(logger.name), version)


def git_commit() -> str | None:
    """Commit of the working folder, ``-dirty`` where it has changes; None outside a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def this_machine() -> str:
    """What figures in seconds were measured on."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    if torch.cuda.is_available():
        machine += f", {torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"{machine}, {fastest_precision()} by default"


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that figures depend on."""
    packages = {name: version(name) for name in ("torch", "torchvision", "lightning")}
    return {"python": platform.python_version(), **packages}


def run_record(command: list[str], identity: Identity) -> dict[str, object]:
    """What ``run.json`` holds of every run: command, data, group, commit, versions, machine."""
    return {
        "command": shlex.join(command),
        "dataset": identity.data,
        "group": identity.group,
        "strength": identity.strength,
        "method": identity.method,
        "test_on": identity.test_on,
        "commit": git_commit(),
        "machine": this_machine(),
        "versions": versions(),
        "started": identity.started.isoformat(timespec="seconds"),
    }


def finish_record(folder: Path) -> None:
    """Add to the record of a run how many seconds it has taken since it began."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    seconds = datetime.now(UTC) - datetime.fromisoformat(record["started"])
    write_json(folder / RECORD, {**record, "seconds": round(seconds.total_seconds())})


class RunRecord(Callback):
    """Writes the run's figures to ``metrics.json``, under the names the loggers get."""

    def __init__(self) -> None:
        self.data: dict[str, float] = {}
        self._trained = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log how training images are drawn, see `figures_of_draws`."""
        self.data = figures_of_draws(trainer.datamodule)  # type: ignore[attr-defined]
        for logger in trainer.loggers:
            logger.log_metrics(self.data, step=0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Know that there is something to train."""
        self._trained = True

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the last figures of training and validation."""
        if not self._trained and trainer.is_global_zero:
            done = f"nothing was left to train: {trainer.global_step:,} updates are done"
            tell(f"{done}; to go on, set a larger --trainer.max_epochs or --trainer.max_steps")
        self._write(trainer)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the figures of the test."""
        self._write(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the figures of ``validate``."""
        if trainer.state.fn == "validate":
            self._write(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Say how to go on after Ctrl-C and SIGTERM, which leave a checkpoint once it has begun."""
        if not isinstance(exception, (KeyboardInterrupt, SystemExit)) or not self.data:
            return
        path = run_folder(trainer) / "checkpoints" / "last.ckpt"
        if trainer.is_global_zero and (trainer.global_step or path.exists()):
            print(f"\nto go on: the same command with --ckpt_path {path}")

    def _write(self, trainer: Trainer) -> None:
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        path = run_folder(trainer) / "metrics.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        finite = {name: value for name, value in figures.items() if math.isfinite(value)}
        # A worst group has no accuracy where every group is too small.
        lost = [n for n in figures if n not in finite and not n.endswith("worst_group_accuracy")]
        if lost:
            tell(f"not in {path}, for they are not finite: {some_of(lost)}")
        write_json(path, {**known, **self.data, **finite})
        if (path.parent / RECORD).exists():
            finish_record(path.parent)


class SaveRunConfig(SaveConfigCallback):
    """Writes the configuration, the command and the commit into the run folder and the loggers.

    Args:
        command: Words of the command line.
        identity: What the run is called.
        options: See Lightning's ``SaveConfigCallback``.
    """

    def __init__(self, *options: Any, command: list[str], identity: Identity, **more: Any) -> None:
        super().__init__(*options, **more)
        self.command, self.identity = command, identity

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write ``config-<stage>.yaml`` and ``run.json``; runs on rank 0 alone."""
        folder, fn = run_folder(trainer), trainer.state.fn
        assert fn is not None  # a stage is running
        text = self.parser.dump(self.config)
        with whole_file(folder / f"config-{fn.value}.yaml") as part:
            part.write_text(text, encoding="utf-8")
        record = run_record(self.command, self.identity)
        write_json(folder / RECORD, record)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                config = {**yaml.safe_load(text), **record}
                logger.experiment.config.update(config, allow_val_change=True)
