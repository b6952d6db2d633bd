"""StarGAN."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from cfaug.generators.conditional_vae.adversary import attribute_loss
from cfaug.generators.published.adversarial import AdversarialGenerator
from cfaug.generators.published.translation_networks import Critic, Translator
from datamodules.attributes import AttributeSpace, Batch


class StarGAN(AdversarialGenerator):
    """One translator for all attributes, rewarded by a critic that reads them from its images.

    Choi et al., CVPR 2018, equations 2 to 7: a Wasserstein critic with gradient penalty, which also
    reads the attributes; the translator makes it read the wanted ones, and must find back to the
    original. As in the authors' code, the wanted values are those of another image of the batch,
    and so as confounded as the data; five updates of the critic go with one of the translator.

    The reward is what `ConditionalVAE` does without: a critic that learns from confounded images
    reads the label where it should read the colour.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images, H = W a multiple of 4; linked from the data module.
        classification: Weight λ_cls; a cross-entropy is divided by that of guessing.
        reconstruction: Weight λ_rec of the L1 distance of images and their way back.
        penalty: Weight λ_gp of the gradient penalty.
        critic_updates: Updates of the critic for each of the translator.
        channels: Channels of the networks; 64 in the paper, on 128 pixels.
        blocks: Residual blocks; 6 in the paper.
        lr: Learning rate of Adam; 1e-4 in the paper, for 200,000 updates.

    Raises:
        ValueError: If the images are not square with a side that is a multiple of 4.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        classification: float = 1.0,
        reconstruction: float = 10.0,
        penalty: float = 10.0,
        critic_updates: int = 5,
        channels: int = 32,
        blocks: int = 3,
        lr: float = 5e-4,
    ) -> None:
        super().__init__(attribute_space, image_shape, lr)
        self.save_hyperparameters(logger=False)
        self.weights = classification, reconstruction, penalty
        self.critic_updates = critic_updates
        self.translator = Translator(self.values, channels, blocks)
        self.critic = Critic(3, self.values, self.side, channels)

    def trained(self) -> list[nn.Module]:
        """See `AdversarialGenerator`."""
        return [self.critic, self.translator]

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """See `Generator.edit`; the translator is told all wanted values."""
        edited: Tensor = self.translator(images * 2 - 1, self.maps(targets))
        return (edited + 1) / 2

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One update of the critic, and after some of these one of the translator."""
        images, attributes = batch["image"] * 2 - 1, batch["attributes"]
        targets = attributes[torch.randperm(len(attributes), device=attributes.device)]
        self.update(0, self.critic_losses(images, attributes, targets))
        if (batch_idx + 1) % self.critic_updates == 0:
            self.update(1, self.translator_losses(images, attributes, targets))

    def critic_losses(
        self, images: Tensor, attributes: Tensor, targets: Tensor
    ) -> dict[str, Tensor]:
        """What the critic minimises, equation 5, with the gradient penalty of equation 7.

        Args:
            images: (B, 3, H, W) in [-1, 1].
            attributes: (B, K) of the images.
            targets: (B, K), wanted.
        """
        with torch.no_grad():
            edited = self.translator(images, self.maps(targets))
        real, read = self.critic(images)
        drawn, _ = self.critic(edited)
        classified = self._reading_loss(read, attributes)
        penalty = gradient_penalty(self.critic, images, edited)
        wasserstein = drawn.mean() - real.mean()
        loss = wasserstein + self.weights[0] * classified + self.weights[2] * penalty
        return {"loss": loss, "wasserstein": wasserstein, "classification": classified}

    def translator_losses(
        self, images: Tensor, attributes: Tensor, targets: Tensor
    ) -> dict[str, Tensor]:
        """What the translator minimises, equation 6.

        Args:
            images: (B, 3, H, W) in [-1, 1].
            attributes: (B, K) of the images.
            targets: (B, K), wanted.
        """
        edited = self.translator(images, self.maps(targets))
        drawn, read = self.critic(edited)
        classified = self._reading_loss(read, targets)
        back = (images - self.translator(edited, self.maps(attributes))).abs().mean()
        loss = self.weights[0] * classified + self.weights[1] * back - drawn.mean()
        return {"loss": loss, "classification": classified, "reconstruction": back}

    def held_out_losses(self, batch: Batch) -> dict[str, Tensor]:
        """The distance of images and their way back by random other values, as ``loss``."""
        images, attributes = batch["image"] * 2 - 1, batch["attributes"]
        edited = self.translator(images, self.maps(attributes.flip(0)))
        back = self.translator(edited, self.maps(attributes))
        return {"loss": (images - back).abs().mean()}

    def _reading_loss(self, read: Tensor, attributes: Tensor) -> Tensor:
        return attribute_loss(torch.split(read, list(self.cardinalities), dim=1), attributes)


def gradient_penalty(critic: nn.Module, images: Tensor, edited: Tensor) -> Tensor:
    """How far the critic's gradients are from the norm 1, between images and edits.

    Gulrajani et al., NeurIPS 2017, equation 3: the mean of ``(‖∇ D(x̂)‖₂ - 1)²`` over random points
    x̂ on the lines between the two.

    Args:
        critic: Gives scores first; the score of an image is the sum over its patches, as in the
            authors' code of StarGAN.
        images: (B, 3, H, W).
        edited: (B, 3, H, W).
    """
    share = torch.rand(len(images), 1, 1, 1, device=images.device)
    between = (share * images + (1 - share) * edited).requires_grad_()
    with torch.autocast(images.device.type, enabled=False):  # it would lose small gradients
        scores, _ = critic(between)
        (gradient,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
    norms: Tensor = gradient.flatten(1).norm(dim=1)
    return (norms - 1).square().mean()
