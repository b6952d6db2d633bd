"""Which run's files a run used, and which it leaves, told to W&B."""

from collections.abc import Iterator
from typing import cast

import wandb
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from cfaug.tracking.artifacts import leave, use
from cfaug.tracking.run_names import read_record
from cfaug.tracking.run_records import run_folder
from cfaug.training.module import AttributeModule
from datamodules.base import AttributeDataModule


class Lineage(Callback):
    """Links a classifier to its generator or counterfactuals, and leaves the last checkpoint."""

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log what the run uses."""
        data: AttributeDataModule = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(pl_module, AttributeModule)
        used = {"counterfactuals": data.counterfactuals, **pl_module.made_with}
        for run, name in _runs(trainer):
            for kind, path in used.items():
                if path is not None:
                    use(run, path, kind, name)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the checkpoint of the last epoch."""
        assert isinstance(pl_module, AttributeModule)
        path = run_folder(trainer) / "checkpoints" / "last.ckpt"
        for run, name in _runs(trainer):
            if path.exists():
                leave(run, path, pl_module.kind, name)


def _runs(trainer: Trainer) -> Iterator[tuple[wandb.Run, str]]:
    """The W&B runs of the main process, with the name of the data."""
    if trainer.is_global_zero:
        name = read_record(run_folder(trainer)).get("dataset", "")
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                yield cast("wandb.Run", logger.experiment), name
