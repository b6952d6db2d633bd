"""Plain training of a network, for objectives that need a second one."""

from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn, optim
from torch.nn import functional as F

from cfaug.training.module import AttributeModule
from cfaug.training.schedule import scheduled
from datamodules.attributes import AttributeSpace, Batch


class ErmModule(AttributeModule):
    """Trains a network by the cross-entropy of the label, with the optimizer of `Classifier`.

    Args:
        attribute_space: The attributes of the data.
        image_shape: (3, H, W) of the images.
        network: Maps images (B, 3, H, W) in [0, 1] to logits (B, classes).
        lr: Peak learning rate of AdamW.
        weight_decay: Weight decay of AdamW.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        network: nn.Module,
        lr: float,
        weight_decay: float,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.network = network
        self.lr, self.weight_decay = lr, weight_decay

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The cross-entropy of the label, mean over images."""
        labels = batch["attributes"][:, self.attribute_space.label_position]
        return F.cross_entropy(self.network(batch["image"]), labels)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a linear fall over the second half."""
        weights = self.network.parameters()
        optimizer = optim.AdamW(weights, lr=self.lr, weight_decay=self.weight_decay)
        return scheduled(optimizer, self.trainer.max_steps)
