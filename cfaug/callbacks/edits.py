"""Grids of edits at fixed images."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor
from torchvision.utils import make_grid, save_image

from cfaug.callbacks.records import run_folder
from cfaug.generators.base import Generator
from cfaug.interventions import single_edits
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule


def edit_grid(generator: Generator, batch: Batch, column: int) -> Tensor:
    """Picture of all edits of one attribute: a row per image, the original and then each value.

    Args:
        generator: The generator.
        batch: The originals.
        column: The attribute to edit.

    Returns:
        (3, H', W') in [0, 1].
    """
    space: AttributeSpace = generator.attribute_space
    edits = single_edits(batch["attributes"], column, space.cardinalities[column])
    with torch.no_grad():
        columns = [
            generator.edit(batch["image"], batch["attributes"], targets) for targets in edits
        ]
    cells = torch.stack([batch["image"], *columns], dim=1).flatten(0, 1)
    grid: Tensor = make_grid(cells.float().cpu(), nrow=1 + len(columns), pad_value=0.5)
    return grid


class EditGrid(Callback):
    """Writes a grid per attribute after each validation, to the run folder and to W&B.

    Args:
        images: Number of validation images, always the same.
        every_n_epochs: Epochs from one picture to the next.
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
        rows = data.splits["val"].__getitems__(list(range(self.images)))
        rows = data.transfer_batch_to_device(rows, pl_module.device, 0)
        batch = data.finish(rows)
        for column, name in enumerate(pl_module.attribute_space.names):
            grid = edit_grid(pl_module, batch, column)
            folder = run_folder(trainer) / "edits"
            folder.mkdir(parents=True, exist_ok=True)
            save_image(grid, folder / f"do-{name}.png")
            for logger in trainer.loggers:
                if isinstance(logger, WandbLogger):
                    caption = f"do({name}), epoch {trainer.current_epoch}"
                    logger.log_image(
                        f"edits/{name}", [grid], step=trainer.global_step, caption=[caption]
                    )
