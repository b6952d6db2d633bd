"""Abduct, act, predict: a conditional variational autoencoder on partly deconfounded batches."""

from collections.abc import Collection

import torch
from lightning.pytorch import Callback
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import functional as F

from cfaug.generators.base import Generator, require_square
from cfaug.generators.conditional_vae.adversary import (
    LatentAdversary,
    attribute_loss,
    reverse_gradient,
)
from cfaug.generators.conditional_vae.affine_warp import Warp
from cfaug.generators.conditional_vae.encoder_decoder import Decoder, Encoder
from cfaug.generators.conditional_vae.losses import gaussian_kl, group_lasso, reconstruction_loss
from cfaug.generators.conditional_vae.moving_average import MovingAverage
from cfaug.tracking import keys
from cfaug.training.schedule import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.checks import require_above
from datamodules.process.devices import random_like
from datamodules.process.interventions import fresh_values, non_label_columns


class ConditionalVAE(Generator):
    """Infers ``u, v ~ q(u, v | x, z)``, changes the attributes, draws ``p(x | u, v, z')``.

    Train it on partly deconfounded batches (``sampling: deconfounded``): reconstruction alone then
    teaches the effect of each attribute. Batches only weaken the confounding; where it is strong,
    the tables (below) matter most. No network that reads attributes from its images rewards it, so
    it gains nothing by writing the label into them.

    The loss is that of a β-VAE (Higgins et al., ICLR 2017) with per-pixel terms summed, with these
    additions:

    - **u** forgets all attributes, by a large β and an adversary. An edit of the label keeps only
      u. The less u holds of the old label, the better the new one shows.
    - **v**, the detail, has a small β. Edits of other attributes than the label keep v, and with it
      the shape of the label. In half of the images of a batch v is left out (as in nested dropout,
      Rippel et al., ICML 2014), so that u holds as much as it can.
    - **Given the label**, u and v together forget the other attributes, by an adversary that is
      told the label. (One that is not told it misses whether an image conflicts with the
      confounder. That says nothing of any single attribute, but with the label it tells the rest.)
    - **Tables.** A value does the same in a layer for all values of the other attributes, see
      `ValueVectors`. So combinations with few images or none come out right. Where colour depends
      on the digit, a decoder without this constraint would draw the digit by its colour.
    - **Group lasso** (Yuan & Lin, JRSS B 2006) over layers and attributes. It makes each attribute
      act in as few layers of the decoder as it needs.
    - **Warp.** An attribute may also move things, see `Warp`. The encoder sees images moved back,
      and the decoder moves its last features.
    - **Consistency.** From an edit, the encoder must infer the u and v that the edit was drawn
      with. So it learns to read combinations of values without an image in the data.

    Validation, tests and checkpoints use a moving average of the weights.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images, H = W a multiple of 4; linked from the data module.
        beta: Weight of the KL term of u at 28 x 28 pixels. All weights of the loss are scaled by
            the number of pixels, because pixel terms are summed. So u keeps the same share of an
            image at any size.
        detail_beta: Weight of the KL term of v at 28 x 28 pixels.
        adversary: Weight, at 28 x 28 pixels, of the gradients that make u and v forget.
        sparsity: Weight, at 28 x 28 pixels, of the sum of the norms of each attribute in each layer
            of the decoder, see `group_lasso`.
        consistency: Weight, at 28 x 28 pixels, of the squared distance between the u and v of an
            edit and those that the encoder infers from it.
        latent: Dimensions of u.
        detail: Dimensions of v.
        channels: Channels of the networks at half resolution.
        lr: Peak learning rate of Adam.
        ema_decay: Decay of the moving average of the weights.

    Raises:
        ValueError: If the images are not square with a side that is a multiple of 4, or ``lr`` is
            not above 0.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        beta: float = 1.0,
        detail_beta: float = 0.05,
        adversary: float = 5.0,
        sparsity: float = 10.0,
        consistency: float = 1.0,
        latent: int = 32,
        detail: int = 32,
        channels: int = 32,
        lr: float = 2e-3,
        ema_decay: float = 0.995,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        side = require_square(image_shape)
        require_above(0, lr=lr)
        self.save_hyperparameters(logger=False)
        pixels = (side / 28) ** 2
        self.kl_weights = beta * pixels, detail_beta * pixels
        self.adversary_weight, self.consistency_weight = adversary * pixels, consistency * pixels
        self.sparsity_weight = sparsity * pixels
        self.lr, self.ema_decay = lr, ema_decay
        self.sizes = [latent, detail]
        values, label = attribute_space.cardinalities, attribute_space.label_position
        warp = Warp(values)
        self.encoder = Encoder(warp, values, side, latent + detail, channels)
        self.decoder = Decoder(warp, values, side, latent + detail, channels)
        self.others = non_label_columns(attribute_space)
        self.adversary = LatentAdversary(values, latent)
        self.told_adversary = (
            LatentAdversary([values[k] for k in self.others], latent + detail + values[label])
            if self.others
            else None
        )

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """See `Generator.edit`; u and v are the means of their posteriors."""
        latent, _ = self.encoder(_channels_last(images), attributes)
        if self.attribute_space.label_position in columns:
            everywhere = torch.ones(len(latent), dtype=torch.bool, device=latent.device)
            latent = self._without_detail(latent, everywhere)
        edited: Tensor = self.decoder(latent, targets).sigmoid()
        return edited

    def _relabelled(self, attributes: Tensor, targets: Tensor) -> Tensor:
        label = self.attribute_space.label_position
        return attributes[:, label] != targets[:, label]

    def _without_detail(self, latent: Tensor, where: Tensor) -> Tensor:
        """The (B, latent + detail) latents with v at its prior mean in the images `where`."""
        u, v = torch.split(latent, self.sizes, dim=1)
        return torch.cat([u, v * ~where[:, None]], dim=1)

    def losses(self, batch: Batch, ramp: float = 1.0) -> dict[str, Tensor]:
        """The terms of the loss on a batch, ``loss`` being what is minimised.

        Args:
            batch: The batch.
            ramp: Share of the weights of the adversaries and of consistency, 0 to 1.
        """
        images, attributes = _channels_last(batch["image"]), batch["attributes"]
        mean, log_variance = self.encoder(images, attributes)
        latent = mean + random_like(torch.randn, mean) * (0.5 * log_variance).exp()
        half = random_like(torch.rand, mean[:, 0]) < 0.5
        logits = self.decoder(self._without_detail(latent, half), attributes)
        reconstruction = reconstruction_loss(logits, images)
        means, log_variances = (torch.split(t, self.sizes, dim=1) for t in (mean, log_variance))
        kl, detail_kl = map(gaussian_kl, means, log_variances)
        forgetting = self._forgetting(latent, attributes, ramp)
        consistency = self._consistency(mean.detach(), attributes)
        lasso = group_lasso(self.decoder.norms())
        loss = reconstruction + self.kl_weights[0] * kl + self.kl_weights[1] * detail_kl
        loss = loss + self.sparsity_weight * lasso + forgetting
        return {
            "loss": loss + ramp * self.consistency_weight * consistency,
            "reconstruction": reconstruction,
            "kl": kl,
            "detail_kl": detail_kl,
            "adversary": forgetting,
            "consistency": consistency,
            "group_lasso": lasso,
        }

    def _forgetting(self, latent: Tensor, attributes: Tensor, ramp: float) -> Tensor:
        reversed_ = reverse_gradient(latent, ramp * self.adversary_weight)
        forgetting = attribute_loss(self.adversary(reversed_[:, : self.sizes[0]]), attributes)
        if self.told_adversary is None:
            return forgetting
        label = self.attribute_space.label_position
        values = self.attribute_space.cardinalities[label]
        known = F.one_hot(attributes[:, label], values).to(reversed_.dtype)
        # Told the label, the adversary finds only what u and v add to it about an attribute.
        found = self.told_adversary(torch.cat([reversed_, known], dim=1))
        return forgetting + attribute_loss(found, attributes[:, self.others])

    def _consistency(self, latent: Tensor, attributes: Tensor) -> Tensor:
        label = self.attribute_space.label_position
        targets = fresh_values(attributes, self.attribute_space, range(attributes.shape[1]))
        half = random_like(torch.rand, latent[:, 0]) < 0.5
        targets[:, label] = torch.where(half, attributes[:, label], targets[:, label])
        # As in an edit, v goes with the label; both with and without it are learnt.
        relabelled = self._relabelled(attributes, targets)
        latent = self._without_detail(latent, relabelled)
        # No gradient for the decoder: it would hide u in the image where only the encoder sees it.
        with torch.no_grad():
            edited = self.decoder(latent, targets).sigmoid()
        inferred, _ = self.encoder(_channels_last(edited), targets)
        missed = self._without_detail(inferred, relabelled) - latent
        return missed.square().sum(1).mean()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One update of all networks; the encoder gets the adversary's gradient reversed."""
        # Adversary and consistency come in slowly: untrained, they would only disturb u.
        losses = self.losses(batch, ramp=min(1.0, self.global_step / 300))
        self.log_dict(keys.train_terms(losses), sync_dist=True)
        return losses["loss"]

    def held_out_losses(self, batch: Batch) -> dict[str, Tensor]:
        """See `Generator`."""
        return self.losses(batch)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with a short warm-up and a linear fall over the second half."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr, betas=(0.9, 0.99))
        return scheduled(optimizer, self.trainer.estimated_stepping_batches)

    def configure_callbacks(self) -> list[Callback]:
        """The moving average of the weights, always on; checkpoints store it as the weights."""
        return [MovingAverage(self.ema_decay)]


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
