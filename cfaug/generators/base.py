"""The one interface of all generators."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from cfaug.interventions import fresh_values, non_label_columns
from cfaug.module import AttributeModule
from datamodules.attributes import Batch


class Generator(AttributeModule, ABC):
    """Edits any attribute of an image to any value."""

    @abstractmethod
    def edit(self, images: Tensor, attributes: Tensor, targets: Tensor) -> Tensor:
        """Counterfactuals of images.

        Args:
            images: (B, 3, H, W) float32 in [0, 1].
            attributes: (B, K) int64 codes the images have.
            targets: (B, K) int64 codes they are to have.

        Returns:
            (B, 3, H, W) float32 in [0, 1].
        """

    @torch.no_grad()
    def counterfactuals(self, batch: Batch) -> Batch:
        """The batch with every attribute but the label set to a fresh independent value."""
        space = self.attribute_space
        targets = fresh_values(batch["attributes"], space, non_label_columns(space))
        images = self.edit(batch["image"], batch["attributes"], targets)
        return {"image": images, "attributes": targets, "index": batch["index"]}

    def predict_step(self, batch: Batch, batch_idx: int) -> Batch:
        """See `counterfactuals`."""
        return self.counterfactuals(batch)
