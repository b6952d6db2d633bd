"""Grids of edits at fixed images."""

from pathlib import Path

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from torch import Tensor
from torchvision.io import ImageReadMode, decode_image

from cfaug.generators.base import Generator
from cfaug.plotting.image_grids import edit_stems, save_edits
from cfaug.tracking import keys
from cfaug.tracking.run_records import run_folder
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import single_edits


def all_edits(generator: Generator, batch: Batch, column: int) -> Tensor:
    """Every edit of one attribute: a row per image, the original and then each value.

    Args:
        generator: The generator.
        batch: The originals.
        column: The attribute to edit.

    Returns:
        (B, 1 + values of the attribute, 3, H, W) in [0, 1], on the CPU.
    """
    space: AttributeSpace = generator.attribute_space
    edits = single_edits(batch["attributes"], column, space.cardinalities[column])
    with torch.no_grad():
        columns = [
            generator.edit(batch["image"], batch["attributes"], targets, [column])
            for targets in edits
        ]
    return torch.stack([batch["image"], *columns], dim=1).float().cpu()


def save_grids(generator: Generator, batch: Batch, folder: Path) -> list[Path]:
    """Write a grid of the edits of each attribute, a row per image; returns the paths in order."""
    space: AttributeSpace = generator.attribute_space
    paths = [folder / f"{stem}.png" for stem in edit_stems(space.names)]
    for column, (attribute, path) in enumerate(zip(space.attributes, paths, strict=True)):
        save_edits(all_edits(generator, batch, column), attribute, path)
    return paths


class EditGrid(Callback):
    """Writes a grid per attribute after each validation, to the run folder, W&B and TensorBoard.

    Args:
        images: Number of validation images; every grid shows the same ones.
        every_n_epochs: Epochs between two grids.
    """

    def __init__(self, images: int = 8, every_n_epochs: int = 1) -> None:
        self.images = images
        self.every_n_epochs = every_n_epochs

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw and log the grids."""
        if (
            trainer.sanity_checking
            or not trainer.is_global_zero
            or not isinstance(pl_module, Generator)
        ):
            return
        if trainer.fast_dev_run or (trainer.current_epoch + 1) % self.every_n_epochs:  # type: ignore[attr-defined]
            return
        data: AttributeDataModule = trainer.datamodule  # type: ignore[attr-defined]
        first = torch.arange(min(self.images, len(data.splits["val"])), device=pl_module.device)
        batch = data.batch("val", first)
        folder = run_folder(trainer) / "edits"
        folder.mkdir(parents=True, exist_ok=True)
        paths = save_grids(pl_module, batch, folder)
        for name, path in zip(pl_module.attribute_space.names, paths, strict=True):
            key = keys.EDITS.format(attribute=name)
            caption = f"do({name}), epoch {trainer.current_epoch}"
            for logger in trainer.loggers:
                if isinstance(logger, WandbLogger):
                    step = trainer.global_step
                    logger.log_image(key, [str(path)], step=step, caption=[caption])
                elif isinstance(logger, TensorBoardLogger):
                    pixels = decode_image(str(path), ImageReadMode.RGB)
                    logger.experiment.add_image(key, pixels, trainer.global_step)
