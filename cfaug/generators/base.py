"""The one interface of all generators."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from cfaug.tracking import keys
from cfaug.training.module import AttributeModule
from cfaug.training.training_images import TRAINED_ON, training_digests
from datamodules.attributes import Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import edited_columns, fresh_values, set_values


class Generator(AttributeModule, ABC):
    """A model that edits any attribute of an image to any value."""

    kind = "generator"

    @abstractmethod
    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """Counterfactuals of images.

        What an edit keeps of an image may depend on which attributes are edited, but not on whether
        their values change. Otherwise an image that looks kept tells that its old value was the one
        that it shows.

        Args:
            images: (B, 3, H, W) float32 in [0, 1].
            attributes: (B, K) int64 codes of the images.
            targets: (B, K) int64 codes that the counterfactuals should have.
            columns: The attributes that are edited, the same for all images. In the others
                ``targets`` equals ``attributes``.

        Returns:
            (B, 3, H, W) float32 in [0, 1].
        """

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the class, as LightningCLI does but no script, and what it was trained on."""
        kind = type(self)
        arguments = checkpoint.setdefault("hyper_parameters", {})
        arguments.setdefault("_class_path", f"{kind.__module__}.{kind.__qualname__}")
        # A script may train without a data module, or without a Trainer.
        checkpoint[TRAINED_ON] = training_digests(getattr(self._trainer, "datamodule", None))

    @torch.no_grad()
    def counterfactuals(self, batch: Batch, codes: Mapping[int, int] | None = None) -> Batch:
        """Counterfactuals of a batch, with their attributes.

        Args:
            batch: The batch.
            codes: ``{column: code}`` to set; other attributes are kept. None gives every attribute
                except the label a fresh independent value.
        """
        space, attributes = self.attribute_space, batch["attributes"]
        columns = edited_columns(space, codes)
        if codes is None:
            targets = fresh_values(attributes, space, columns)
        else:
            targets = set_values(attributes, codes)
        images = self.edit(batch["image"], attributes, targets, columns)
        return {"image": images, "attributes": targets, "index": batch["index"]}

    def held_out_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Losses to log on images that it is not trained on, of which one is ``loss``."""
        return {}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log the losses on validation images."""
        self._log_losses(batch, keys.VAL_TERM)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Log the losses on the images of both test sets."""
        data: AttributeDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        self._log_losses(batch, keys.TEST_TERM, split=data.test_sets[dataloader_idx])

    def _log_losses(self, batch: Batch, key: str, **words: str) -> None:
        self.log_dict(
            {
                key.format(term=name, **words): value
                for name, value in self.held_out_losses(batch).items()
            },
            sync_dist=True,
            batch_size=len(batch["index"]),
            add_dataloader_idx=False,
        )

    def predict_step(self, batch: Batch, batch_idx: int) -> Batch:
        """See `counterfactuals`."""
        return self.counterfactuals(batch)


def require_square(image_shape: tuple[int, int, int]) -> int:
    """The side of images that networks can halve twice.

    Args:
        image_shape: (3, H, W).

    Raises:
        ValueError: If they are not square with a side that is a multiple of 4.
    """
    _, height, side = image_shape
    if height != side or side % 4:
        msg = f"images are {height} x {side}; this generator needs a square side divisible by 4"
        raise ValueError(msg)
    return side
