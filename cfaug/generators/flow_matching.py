"""Flow matching: abduction by inverting the flow."""

import torch
from lightning.pytorch import Callback
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from cfaug import keys
from cfaug.callbacks.averaging import MovingAverage
from cfaug.generators.base import Generator
from cfaug.networks.velocity import Velocity
from cfaug.schedules import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import TEST_SETS


class FlowMatching(Generator):
    """Goes from an image to its noise with the old attributes, and back with the new ones.

    Straight paths between noise and image (Lipman et al., ICLR 2023; Liu et al., ICLR 2023), the
    velocity told the attributes, deconfounded by its batches; on the way back attributes may be
    stressed by classifier-free guidance (Ho & Salimans, arXiv 2207.12598).

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images, H = W a multiple of 4; linked from the data module.
        steps: Midpoint steps each way, of two evaluations each.
        guidance: Weight of what the attributes change; 1 for none.
        dropped: Share of the images of a batch without attributes, which guidance needs.
        channels: Channels of the network at half resolution.
        lr: Peak learning rate of Adam.
        ema_decay: Decay of the moving average of the weights.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        steps: int = 2,
        guidance: float = 1.0,
        dropped: float = 0.1,
        channels: int = 48,
        lr: float = 2e-3,
        ema_decay: float = 0.995,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.save_hyperparameters(logger=False)
        self.steps, self.guidance, self.dropped = steps, guidance, dropped
        self.lr, self.ema_decay = lr, ema_decay
        self.velocity = Velocity(attribute_space.cardinalities, channels)

    def _flow(self, x: Tensor, attributes: Tensor, sign: int, guidance: float) -> Tensor:
        """From noise to the image (`sign` 1), or back (-1)."""
        ones, size = torch.ones(len(x), device=x.device), 1 / self.steps
        known = ones[:, None]

        def velocity(x: Tensor, t: float) -> Tensor:
            v: Tensor = self.velocity(x, t * ones, attributes, known)
            if guidance != 1:
                v = v + (guidance - 1) * (v - self.velocity(x, t * ones, attributes, 0 * known))
            return v

        for step in range(self.steps):
            t = step * size if sign > 0 else 1 - step * size
            middle = x + sign * size / 2 * velocity(x, t)
            x = x + sign * size * velocity(middle, t + sign * size / 2)
        return x

    def edit(self, images: Tensor, attributes: Tensor, targets: Tensor) -> Tensor:
        """See `Generator.edit`."""
        noise = self._flow(2 * _channels_last(images) - 1, attributes, -1, 1.0)
        return (self._flow(noise, targets, 1, self.guidance) / 2 + 0.5).clamp(0, 1)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``loss``, the squared error of the velocity at times that are near the middle often."""
        images = 2 * _channels_last(batch["image"]) - 1
        noise = torch.randn_like(images)
        t = torch.randn(len(images), device=images.device).sigmoid()
        known = (torch.rand(len(images), 1, device=images.device) >= self.dropped).float()
        mixed = torch.lerp(noise, images, t[:, None, None, None])
        error = self.velocity(mixed, t, batch["attributes"], known) - (images - noise)
        return {"loss": error.square().mean()}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One update."""
        losses = self.losses(batch)
        named = {keys.TRAIN_TERM.format(term=name): v.detach() for name, v in losses.items()}
        self.log_dict(named, sync_dist=True)
        return losses["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log the loss on validation images."""
        self._log_losses(batch, keys.VAL_TERM)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Log the loss on both test sets."""
        self._log_losses(batch, keys.TEST_TERM, split=TEST_SETS[dataloader_idx])

    def _log_losses(self, batch: Batch, key: str, **words: str) -> None:
        losses = self.losses(batch)
        named = {key.format(term=name, **words): value for name, value in losses.items()}
        self.log_dict(
            named, sync_dist=True, batch_size=len(batch["index"]), add_dataloader_idx=False
        )

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with a short warm-up and a linear fall over the second half."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr, betas=(0.9, 0.99))
        return scheduled(optimizer, self.trainer.estimated_stepping_batches)

    def configure_callbacks(self) -> list[Callback]:
        """The moving average of the weights."""
        return [MovingAverage(self.ema_decay)]


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
