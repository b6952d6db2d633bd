"""The one interface of all generators."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from cfaug.interventions import fresh_values, non_label_columns
from cfaug.reproducible import ReproducibleModule
from datamodules.attributes import AttributeSpace, Batch


class Generator(ReproducibleModule, ABC):
    """Edits any attribute of an image to any value.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images; linked from the data module.
    """

    def __init__(self, attribute_space: AttributeSpace, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.attribute_space = attribute_space
        self.image_shape = image_shape

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
