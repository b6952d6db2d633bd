"""Callbacks that stop a run, and that look into both processes of a distributed one."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from datamodules.attributes import Batch


class StopAfterFirstEpoch(Callback):
    """Stops where a killed run would leave its last checkpoint."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise RuntimeError("killed")


class InterruptInSecondEpoch(Callback):
    """Ctrl-C in the middle of an epoch."""

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        if trainer.current_epoch == 1 and batch_idx == 2:
            raise KeyboardInterrupt


class InterruptInSecondValidation(Callback):
    """Ctrl-C while a generator validates with the averages of its weights."""

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt


class CheckPredictions(Callback):
    """Checks that a generator predicts counterfactuals of the same images and labels."""

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Batch,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        assert torch.equal(outputs["index"], batch["index"])
        assert outputs["image"].shape == batch["image"].shape
        assert torch.equal(outputs["attributes"][:, 0], batch["attributes"][:, 0])
        assert not torch.equal(outputs["attributes"], batch["attributes"])
        raise RuntimeError("counterfactuals checked")


class CheckRanks(Callback):
    """Checks that ranks see different images, draw them alike, and keep the same weights."""

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        everywhere = trainer.strategy.all_gather(batch["image"].contiguous())
        assert not torch.equal(everywhere[0], everywhere[1])

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        emphasis = trainer.datamodule.emphasis  # type: ignore[attr-defined]
        if emphasis is not None:
            everywhere = trainer.strategy.all_gather(emphasis)
            assert torch.equal(everywhere[0], everywhere[1])
        for parameter in pl_module.parameters():
            everywhere = trainer.strategy.all_gather(parameter.detach())
            assert torch.equal(everywhere[0], everywhere[1])
        if trainer.is_global_zero:
            print("ranks checked")
