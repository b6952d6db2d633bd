"""Which run's files a run used, and which it leaves, told to W&B."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import wandb
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from cfaug.callbacks.records import run_folder
from cfaug.classifiers.classifier import Classifier
from cfaug.tracking import leave, read_record, use
from datamodules.base import AttributeDataModule


class Lineage(Callback):
    """Links a classifier to its generator or counterfactuals, and leaves the last checkpoint."""

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log what the run uses."""
        data: AttributeDataModule = trainer.datamodule  # type: ignore[attr-defined]
        used = {"counterfactuals": data.counterfactuals}
        if isinstance(pl_module, Classifier):
            used["generator"] = pl_module.generator_path and Path(pl_module.generator_path)
        for run, name in _runs(trainer):
            for kind, path in used.items():
                if path is not None:
                    use(run, path, kind, name)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the checkpoint of the last epoch."""
        path = run_folder(trainer) / "checkpoints" / "last.ckpt"
        kind = "classifier" if isinstance(pl_module, Classifier) else "generator"
        for run, name in _runs(trainer):
            if path.exists():
                leave(run, path, kind, name)


def _runs(trainer: Trainer) -> Iterator[tuple[wandb.Run, str]]:
    """The W&B runs of the main process, with the name of the data."""
    if trainer.is_global_zero:
        name = read_record(run_folder(trainer)).get("dataset", "")
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                yield cast("wandb.Run", logger.experiment), name
