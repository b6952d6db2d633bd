"""Abduct, act, predict: a conditional variational autoencoder on deconfounded batches."""

import torch
from lightning.pytorch import Callback
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from cfaug.callbacks.averaging import MovingAverage
from cfaug.generators.base import Generator
from cfaug.interventions import fresh_values
from cfaug.losses import (
    attribute_loss,
    gaussian_kl,
    reconstruction_loss,
    reverse_gradient,
    squared_distance,
)
from cfaug.networks.conditional_vae import Decoder, Encoder, LatentAdversary
from cfaug.schedules import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import TEST_SETS


class ConditionalVAE(Generator):
    """Infers ``u ~ q(u | x, z)``, changes the attributes, draws ``p(x | u, z')``.

    Nothing rewards it for an attribute that a network reads from its images, so nothing is gained
    by writing the label into them. Train it on deconfounded batches (``sampling: deconfounded``):
    reconstruction alone then teaches what each attribute does. The loss is that of a β-VAE (Higgins
    et al., ICLR 2017) with per-pixel terms summed, an adversary that makes u forget the attributes
    where β alone does not, and the consistency of the encoder with the decoder: from an edit it
    must infer the u that the edit was drawn with. So it learns to read the combinations of values
    of which the data have no image. The weights used are a moving average.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images, H = W a multiple of 4; linked from the data module.
        beta: Weight of the KL term at 28 x 28 pixels. All three weights follow the number of
            pixels, whose terms are summed, so that u keeps as much of an image at any size.
        adversary: Weight, at 28 x 28 pixels, of the gradient that makes u forget the attributes.
        consistency: Weight, at 28 x 28 pixels, of the squared distance between u and what the
            encoder infers from an edit drawn with u.
        latent: Dimensions of u.
        channels: Channels of the networks at half resolution.
        width: Length of the attribute embeddings.
        lr: Peak learning rate of Adam.
        ema_decay: Decay of the moving average of the weights.

    Raises:
        ValueError: If the images are not square with a side that is a multiple of 4.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        beta: float = 0.2,
        adversary: float = 5.0,
        consistency: float = 1.0,
        latent: int = 32,
        channels: int = 32,
        width: int = 128,
        lr: float = 2e-3,
        ema_decay: float = 0.995,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        _, height, side = image_shape
        if height != side or side % 4:
            msg = f"images are {height} x {side}; this generator needs a square side divisible by 4"
            raise ValueError(msg)
        self.save_hyperparameters(logger=False)
        pixels = (side / 28) ** 2
        self.kl_weight, self.adversary_weight = beta * pixels, adversary * pixels
        self.consistency_weight = consistency * pixels
        self.lr, self.ema_decay = lr, ema_decay
        values = attribute_space.cardinalities
        self.encoder = Encoder(values, side, latent, channels, width)
        self.decoder = Decoder(values, side, latent, channels, width)
        self.adversary = LatentAdversary(values, latent)

    def edit(self, images: Tensor, attributes: Tensor, targets: Tensor) -> Tensor:
        """See `Generator.edit`; u is the mean of its posterior."""
        mean, _ = self.encoder(_channels_last(images), attributes)
        edited: Tensor = self.decoder(mean, targets).sigmoid()
        return edited

    def losses(self, batch: Batch, ramp: float = 1.0) -> dict[str, Tensor]:
        """The terms of the loss on a batch, ``loss`` being what is minimised.

        Args:
            batch: The batch.
            ramp: Share of the weights of the adversary and of consistency, 0 to 1.
        """
        images, attributes = _channels_last(batch["image"]), batch["attributes"]
        mean, log_variance = self.encoder(images, attributes)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        reconstruction = reconstruction_loss(self.decoder(latent, attributes), images)
        kl = gaussian_kl(mean, log_variance)
        reversed_ = reverse_gradient(latent, ramp * self.adversary_weight)
        forgetting = attribute_loss(self.adversary(reversed_), attributes)
        consistency = self._consistency(mean.detach(), attributes)
        loss = reconstruction + self.kl_weight * kl + forgetting
        return {
            "loss": loss + ramp * self.consistency_weight * consistency,
            "reconstruction": reconstruction,
            "kl": kl,
            "adversary": forgetting,
            "consistency": consistency,
        }

    def _consistency(self, latent: Tensor, attributes: Tensor) -> Tensor:
        columns = range(len(self.attribute_space.attributes))
        targets = fresh_values(attributes, self.attribute_space, columns)
        # The decoder learns nothing here: it would write u where only the encoder sees it.
        with torch.no_grad():
            edited = self.decoder(latent, targets).sigmoid()
        inferred, _ = self.encoder(_channels_last(edited), targets)
        return squared_distance(inferred, latent)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One update of all networks; the adversary's gradient reaches the encoder reversed."""
        # Adversary and decoder learn first: from the start, they would only push u about.
        losses = self.losses(batch, ramp=min(1.0, self.global_step / 300))
        self.log_dict({f"train/{name}": v.detach() for name, v in losses.items()}, sync_dist=True)
        return losses["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log the losses on validation images."""
        self._log_losses(batch, "val/")

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Log the losses on the unconfounded and on the confounded test images."""
        self._log_losses(batch, f"test/{TEST_SETS[dataloader_idx]}_")

    def _log_losses(self, batch: Batch, prefix: str) -> None:
        losses = self.losses(batch)
        self.log_dict(
            {f"{prefix}{name}": value for name, value in losses.items()},
            sync_dist=True,
            batch_size=len(batch["index"]),
            add_dataloader_idx=False,
        )

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with a short warm-up and a linear fall over the second half."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr, betas=(0.9, 0.99))
        return scheduled(optimizer, self.trainer.estimated_stepping_batches)

    def configure_callbacks(self) -> list[Callback]:
        """The moving average of the weights, always on; checkpoints hold it as the weights."""
        return [MovingAverage(self.ema_decay)]


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
