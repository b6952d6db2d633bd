"""Networks that read attributes from images: judges of edits, and probes for traces in them."""

from collections.abc import Callable

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.networks.backbones.choice import Backbone, make_backbone
from cfaug.networks.backbones.convnet import ConvNet
from cfaug.training.module import AttributeModule
from cfaug.training.quiet_fit import fit_quietly
from cfaug.training.schedule import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule

IGNORED = -100
"""Code of an attribute that is not to be learnt from an image."""

Lesson = Callable[[Batch], tuple[Tensor, Tensor]]
"""Turns a batch into images (B, 3, H, W) and the codes to read from them (B, K)."""


def as_rendered(batch: Batch) -> tuple[Tensor, Tensor]:
    """The lesson of a judge: the images and their attributes."""
    return batch["image"], batch["attributes"]


class Reader(AttributeModule):
    """Reads every attribute from an image, with one head each on shared features.

    Args:
        attribute_space: The attributes.
        image_shape: (3, H, W) of the images.
        lesson: Turns a batch into images and the codes to learn from them.
        network: The network, see `Backbone`; None for a `ConvNet`.
        lr: Peak learning rate of AdamW.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        lesson: Lesson,
        network: Backbone | ConvNet | None = None,
        lr: float = 4e-3,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.cardinalities = list(attribute_space.cardinalities)
        self.network = network or ConvNet(image_shape[-1])
        self.heads = nn.Linear(self.network.features, sum(self.cardinalities))
        self.lesson = lesson
        self.lr = lr

    def forward(self, images: Tensor) -> list[Tensor]:
        """Logits ``(B, |V_k|)`` of each attribute from images (B, 3, H, W) in [0, 1]."""
        features = self.network(images.contiguous(memory_format=torch.channels_last))
        return list(torch.split(self.heads(features), self.cardinalities, dim=1))

    def read(self, images: Tensor) -> Tensor:
        """Codes (B, K) read from images."""
        return torch.stack([logits.argmax(1) for logits in self(images)], dim=1)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy of all attributes that are not `IGNORED`."""
        images, codes = self.lesson(batch)
        # A sum divided by the number of images: an attribute ignored in all images adds nothing.
        terms = [
            F.cross_entropy(logits, codes[:, k], ignore_index=IGNORED, reduction="sum")
            for k, logits in enumerate(self(images))
        ]
        return torch.stack(terms).sum() / len(images)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a linear fall over the second half."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=0.01)
        return scheduled(optimizer, self.trainer.max_steps)


def train_judge(
    data: AttributeDataModule, steps: int, precision: str, backbone: str = "convnet"
) -> Reader:
    """Train a network that reads all attributes.

    Args:
        data: Images in which no attribute should tell of another: training images drawn partly
            deconfounded, or an unconfounded redraw, see `AttributeDataModule.unconfounded`.
        steps: Updates.
        precision: Lightning's name.
        backbone: Its network, see `make_backbone`.
    """
    network = make_backbone(backbone, data.image_shape)
    judge = Reader(data.attribute_space, data.image_shape, as_rendered, network)
    fit_quietly(judge, data, steps, precision, "training a judge")
    return judge
