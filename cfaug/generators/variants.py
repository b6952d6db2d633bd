"""Candidates of the study: weights in the loss in the place of draws, and a second round."""

from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.generators import conditional_vae
from cfaug.generators.checkpoints import load_generator
from cfaug.generators.conditional_vae import ConditionalVAE
from cfaug.interventions import fresh_values, non_label_columns
from datamodules.attributes import AttributeSpace, Batch
from datamodules.sampling import sampling_weights


class Reweighted(ConditionalVAE):
    """On natural batches, each image counting by its deconfounding weight in all terms of the loss.

    Args:
        attribute_space: The attributes of the data.
        image_shape: (3, H, W) of the images.
        cap: Largest deconfounding weight, before they are scaled to a mean of 1.
    """

    def __init__(
        self, attribute_space: AttributeSpace, image_shape: tuple[int, int, int], cap: float = 10.0
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.cap = cap
        self.table = torch.ones(attribute_space.num_groups)

    def on_fit_start(self) -> None:
        """Weigh the groups of the training images."""
        attributes = self.trainer.datamodule.splits["train"].attributes  # type: ignore[attr-defined]
        weights = sampling_weights(attributes, self.attribute_space, "deconfounded", self.cap)
        assert weights is not None
        self.table[self.attribute_space.groups(attributes)] = (weights / weights.mean()).float()

    def losses(self, batch: Batch, ramp: float = 1.0) -> dict[str, Tensor]:
        """See `ConditionalVAE.losses`, the means over images being weighted."""
        weights = self.table[self.attribute_space.groups(batch["attributes"])]

        def reconstruction(logits: Tensor, images: Tensor) -> Tensor:
            pixels = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
            return (weights * pixels.flatten(1).sum(1)).mean()

        def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
            terms = mean.square() + log_variance.exp() - 1 - log_variance
            return (weights * 0.5 * terms.sum(1)).mean()

        def attribute(logits: list[Tensor], attributes: Tensor) -> Tensor:
            terms = [
                (weights * F.cross_entropy(x, values, reduction="none")).mean()
                / torch.tensor(x.shape[1]).log()
                for x, values in zip(logits, attributes.T, strict=True)
            ]
            return torch.stack(terms).sum()

        def distance(a: Tensor, b: Tensor) -> Tensor:
            return (weights * (a - b).square().sum(1)).mean()

        with patch.multiple(
            conditional_vae,
            reconstruction_loss=reconstruction,
            gaussian_kl=kl,
            attribute_loss=attribute,
            squared_distance=distance,
        ):
            return super().losses(batch, ramp)


class SecondRound(ConditionalVAE):
    """Half of each batch are counterfactuals, by a generator of the same data that is trained.

    Args:
        attribute_space: The attributes of the data.
        image_shape: (3, H, W) of the images.
        first: Checkpoint of that generator.
    """

    def __init__(
        self, attribute_space: AttributeSpace, image_shape: tuple[int, int, int], first: str = ""
    ) -> None:
        super().__init__(attribute_space, image_shape)
        # In a list: it is not trained and not part of this generator's checkpoints.
        self.first = [load_generator(Path(first)).requires_grad_(False).eval()] if first else []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """See `ConditionalVAE.training_step`."""
        half = len(batch["index"]) // 2
        images, attributes = batch["image"][:half], batch["attributes"][:half]
        columns = non_label_columns(self.attribute_space)
        targets = fresh_values(attributes, self.attribute_space, columns)
        with torch.no_grad():
            edits = self.first[0].edit(images, attributes, targets).to(images.dtype)
        mixed = batch.copy()
        mixed["image"] = torch.cat([edits, batch["image"][half:]])
        mixed["attributes"] = torch.cat([targets, batch["attributes"][half:]])
        return super().training_step(mixed, batch_idx)
