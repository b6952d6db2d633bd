"""A plain conditional variational autoencoder that infers the noise of every pixel."""

from collections.abc import Collection

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from cfaug.generators.base import Generator, require_square
from cfaug.generators.conditional_vae.losses import gaussian_kl
from cfaug.generators.published.translation_networks import one_hot, with_maps
from cfaug.tracking import keys
from cfaug.training.schedule import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.checks import require_above
from datamodules.process.devices import random_like


class DeepSCM(Generator):
    """The image mechanism of deep structural causal models, with all attributes as its parents.

    Pawlowski et al., NeurIPS 2020, section 3: ``x = μ(u, z) + σ ε``. A counterfactual keeps u,
    the mean of its posterior, and the noise ε, and changes the attributes:
    ``x' = x + μ(u, z') - μ(u, z)``. The noise keeps what the decoder cannot draw. It also keeps
    traces of the old value, and an image whose values do not change is returned as it is. The
    authors infer the noise through a flow on pixels; here it is Gaussian with a fixed variance.

    Attributes enter both networks side by side with images or u, without the tables of
    `ConditionalVAE`. As published, images are drawn as they are (``sampling: natural``).

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images, H = W a multiple of 4; linked from the data module.
        latent: Dimensions of u.
        log_variance: log σ² of a pixel.
        channels: Channels of the networks at half resolution.
        lr: Peak learning rate of Adam.

    Raises:
        ValueError: If the images are not square with a side that is a multiple of 4, or ``lr`` is
            not above 0.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        latent: int = 32,
        log_variance: float = -5.0,
        channels: int = 32,
        lr: float = 1e-3,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        require_above(0, lr=lr)
        side = require_square(image_shape)
        self.save_hyperparameters(logger=False)
        self.log_variance, self.lr = log_variance, lr
        self.cardinalities = attribute_space.cardinalities
        values, cells = sum(self.cardinalities), (side // 4) ** 2
        self.encoder = nn.Sequential(
            nn.Conv2d(3 + values, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(2 * channels * cells + values, 256),
            nn.LeakyReLU(0.1),
            nn.Linear(256, 2 * latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent + values, 256),
            nn.LeakyReLU(0.1),
            nn.Linear(256, 2 * channels * cells),
            nn.LeakyReLU(0.1),
            nn.Unflatten(1, (2 * channels, side // 4, side // 4)),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(channels, 3, 3, padding=1),
        )

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """See `Generator.edit`."""
        u, _ = self._infer(images, attributes)
        change = self._draw(u, targets) - self._draw(u, attributes)
        return (images + change).clamp(0, 1)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The terms of the negative evidence lower bound, per image in nats, but for a constant."""
        images, attributes = batch["image"], batch["attributes"]
        mean, log_variance = self._infer(images, attributes)
        u = mean + random_like(torch.randn, mean) * (0.5 * log_variance).exp()
        missed = (images - self._draw(u, attributes)).square().flatten(1).sum(1).mean()
        reconstruction = 0.5 * missed * torch.tensor(-self.log_variance).exp()
        kl = gaussian_kl(mean, log_variance)
        return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One update of both networks."""
        losses = self.losses(batch)
        self.log_dict(keys.train_terms(losses), sync_dist=True)
        return losses["loss"]

    def held_out_losses(self, batch: Batch) -> dict[str, Tensor]:
        """See `Generator`."""
        return self.losses(batch)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with a short warm-up and a linear fall over the second half."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr)
        return scheduled(optimizer, self.trainer.estimated_stepping_batches)

    def _infer(self, images: Tensor, attributes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of u, each (B, latent)."""
        values = one_hot(attributes, self.cardinalities)
        h = self.encoder[:5](with_maps(images * 2 - 1, values))
        mean, log_variance = self.encoder[5:](torch.cat([h, values], 1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)

    def _draw(self, u: Tensor, attributes: Tensor) -> Tensor:
        """The means μ(u, z) of the pixels."""
        values = one_hot(attributes, self.cardinalities)
        pixels: Tensor = self.decoder(torch.cat([u, values], dim=1)).float()
        return pixels
