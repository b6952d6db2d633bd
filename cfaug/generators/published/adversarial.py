"""What the generators share that are trained against a critic."""

from abc import abstractmethod
from typing import cast

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from cfaug.generators.base import Generator, require_square
from cfaug.generators.published.translation_networks import one_hot
from cfaug.tracking import keys
from cfaug.training.schedule import WARMUP, counted, warm_then_fade
from datamodules.attributes import AttributeSpace
from datamodules.checks import require_above


class AdversarialGenerator(Generator):
    """A translator and networks that are trained beside it, each with an optimizer of its own.

    Lightning counts the steps of all optimizers in ``global_step``. On several devices it needs
    ``--trainer.strategy ddp_find_unused_parameters_true``.

    Args:
        attribute_space: The attributes of the data.
        image_shape: (3, H, W) of the images, H = W a multiple of 4.
        lr: Learning rate of all networks.

    Raises:
        ValueError: If it is not above 0, or the images are of another shape.
    """

    def __init__(
        self, attribute_space: AttributeSpace, image_shape: tuple[int, int, int], lr: float
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.side = require_square(image_shape)
        require_above(0, lr=lr)
        self.automatic_optimization = False
        self.lr = lr
        self.cardinalities = attribute_space.cardinalities
        self.values = sum(self.cardinalities)

    @abstractmethod
    def trained(self) -> list[nn.Module]:
        """The networks that have an optimizer, in the order of those."""

    def maps(self, attributes: Tensor) -> Tensor:
        """The values of attributes (B, K) as the networks are told them, (B, V)."""
        return one_hot(attributes, self.cardinalities)

    def update(self, place: int, losses: dict[str, Tensor]) -> None:
        """One step of a network.

        Args:
            place: Its place among `trained`.
            losses: Terms to log; the one called ``loss`` is minimised and logged under the
                network's name.
        """
        network = type(self.trained()[place]).__name__.lower()
        optimizers = cast("list[LightningOptimizer]", self.optimizers())
        self.manual_backward(losses["loss"])
        optimizers[place].step()
        for optimizer in optimizers:  # a critic got gradients from the translator, too
            optimizer.zero_grad()
        named = {f"{network}_{name}": value for name, value in losses.items()}
        self.log_dict(keys.train_terms(named), sync_dist=True)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Set the learning rates: by batches, for some optimizers rest in some of them."""
        super().on_train_batch_start(batch, batch_idx)
        share = warm_then_fade(self.batches, WARMUP, self.batches_before(batch_idx))
        for optimizer in cast("list[LightningOptimizer]", self.optimizers()):
            for group in optimizer.param_groups:
                group["lr"] = share * self.lr

    @property
    def batches(self) -> int:
        """Batches of the whole training.

        Raises:
            ValueError: If it has no end.
        """
        return counted(self.trainer.estimated_stepping_batches)

    def batches_before(self, batch_idx: int) -> int:
        """Batches of the training before one of the current epoch."""
        return self.current_epoch * int(self.trainer.num_training_batches) + batch_idx

    def configure_optimizers(self) -> list[Optimizer]:
        """Adam as in both papers, β₁ = 0.5."""
        return [
            torch.optim.Adam(network.parameters(), lr=self.lr, betas=(0.5, 0.999))
            for network in self.trained()
        ]
