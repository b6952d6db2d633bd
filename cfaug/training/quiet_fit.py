"""Trains small networks beside a run: judges, probes, and networks that an objective needs."""

import warnings
from typing import Any, cast

from lightning.pytorch import LightningModule, Trainer

from cfaug.terminal.progress import OneBar
from cfaug.training.finite import FiniteLosses
from datamodules.base import AttributeDataModule


def fit_quietly(
    module: LightningModule, data: AttributeDataModule, steps: int, precision: str, doing: str
) -> None:
    """Train a small network without logger or checkpoint; its bar is called `doing`."""
    trainer = Trainer(
        accelerator="auto",
        devices=1,
        max_steps=steps,
        max_epochs=-1,
        precision=cast("Any", precision),
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        limit_val_batches=0,
        callbacks=[FiniteLosses(), OneBar(doing)],
    )
    with warnings.catch_warnings():
        # The data have validation images, which are not used on purpose.
        warnings.filterwarnings("ignore", message=".*no `validation_step`")
        if data.num_workers == 0:
            warnings.filterwarnings("ignore", message=".*does not have many workers")
        trainer.fit(module, datamodule=data)
    module.eval()
