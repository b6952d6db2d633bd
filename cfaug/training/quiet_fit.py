"""Trains small networks beside a run: judges, probes, and networks that an objective needs."""

import warnings
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer

from cfaug.terminal.progress import OneBar
from cfaug.training.finite import FiniteLosses
from datamodules.base import AttributeDataModule
from datamodules.process.devices import alone


def fit_quietly(
    module: LightningModule,
    data: AttributeDataModule,
    steps: int,
    precision: str,
    doing: str,
    device: torch.device | None = None,
) -> None:
    """Train a small network without logger or checkpoint.

    Args:
        module: The network.
        data: Its data.
        steps: Updates.
        precision: Lightning's name of it.
        doing: What its bar is called.
        device: Where it is trained and stays, whatever other devices train; None for the first that
            there is.
    """
    # Of a CPU Lightning takes a number of processes, of GPUs also a list of which.
    which: Any = 1 if device is None or device.type == "cpu" else [device.index or 0]
    trainer = Trainer(
        accelerator="auto" if device is None else device.type,
        devices=which,
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
        with alone():
            trainer.fit(module, datamodule=data)
    module.eval()
    if device is not None:
        module.to(device)  # Lightning puts it back on the CPU
