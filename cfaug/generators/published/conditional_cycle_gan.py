"""A conditional CycleGAN with contrastive terms, after the public description of CONIC."""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.generators.conditional_vae.adversary import attribute_loss
from cfaug.generators.published.adversarial import AdversarialGenerator
from cfaug.generators.published.translation_networks import Critic, Translator, with_maps
from cfaug.networks.backbones.convnet import ConvNet
from datamodules.attributes import AttributeSpace, Batch


class Readers(nn.Module):
    """A network for each attribute that reads it, and a representation that it reads from.

    Args:
        cardinalities: Number of values of each attribute.
        side: Side of the images.
    """

    def __init__(self, cardinalities: tuple[int, ...], side: int) -> None:
        super().__init__()
        self.networks = nn.ModuleList(ConvNet(side, 64, 16) for _ in cardinalities)
        self.heads = nn.ModuleList(nn.Linear(64, n) for n in cardinalities)

    def represent(self, images: Tensor) -> list[Tensor]:
        """A representation (B, 64) for each attribute, of images (B, 3, H, W) in [-1, 1]."""
        return [network((images + 1) / 2) for network in self.networks]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Logits (B, values) of each attribute."""
        pairs = zip(self.heads, self.represent(images), strict=True)
        return [head(representation) for head, representation in pairs]


class ConditionalCycleGAN(AdversarialGenerator):
    """Learns to change one attribute from images in which exactly that one differs.

    CONIC (Reddy et al., arXiv 2210.12368) has no public code. Its description, in the paper and by
    Komanduri et al. (section 4.1.3), says: for an attribute, T2 are images, T1 images in which that
    attribute alone has another value; a CycleGAN maps T1 to T2, conditioned on the wanted value; a
    contrastive term by pre-trained discriminators makes the representation of the edited attribute
    differ and those of the others stay. **Not public**, and so chosen here: networks, weights, the
    form of the contrastive term (cosines), one translator for all attributes, the discriminators'
    pre-training (the first updates), pairs from within a batch. Several attributes are edited one
    after the other.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images, H = W a multiple of 4; linked from the data module.
        cycle: Weight of the L1 distance of images and their way back; 10 in CycleGAN.
        identity: Weight of the L1 distance of images and their edits to their own values.
        contrast: Weight of the contrastive term.
        pretraining: Updates in which only the readers of attributes learn.
        channels: Channels of the networks.
        blocks: Residual blocks.
        lr: Learning rate of Adam; 2e-4 in CycleGAN.

    Raises:
        ValueError: If the images are not square with a side that is a multiple of 4.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        cycle: float = 10.0,
        identity: float = 5.0,
        contrast: float = 1.0,
        pretraining: int = 300,
        channels: int = 32,
        blocks: int = 3,
        lr: float = 5e-4,
    ) -> None:
        super().__init__(attribute_space, image_shape, lr)
        self.save_hyperparameters(logger=False)
        self.weights = cycle, identity, contrast
        self.pretraining = pretraining
        self.translator = Translator(self.values, channels, blocks)
        self.critic = Critic(3 + self.values, 0, self.side, channels)
        self.readers = Readers(tuple(self.cardinalities), self.side)

    def trained(self) -> list[nn.Module]:
        """See `AdversarialGenerator`."""
        return [self.critic, self.translator, self.readers]

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """See `Generator.edit`; one attribute after the other."""
        edited, values = images * 2 - 1, attributes.clone()
        for column in sorted(columns):
            values[:, column] = targets[:, column]
            edited = self.translator(edited, self.maps(values))
        return (edited + 1) / 2

    def on_train_start(self) -> None:
        """See `AttributeModule`.

        Raises:
            ValueError: If nothing is left of the training after that of the readers.
        """
        super().on_train_start()
        if self.pretraining >= self.batches and not self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            msg = (
                f"pretraining is {self.pretraining:,} updates, and the training has "
                f"{self.batches:,}, of which none would be left for the translator; set a lower "
                "--model.init_args.pretraining or a larger --trainer.max_epochs"
            )
            raise ValueError(msg)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One update of the readers at first, then of the critic and of the translator."""
        images, attributes = batch["image"] * 2 - 1, batch["attributes"]
        if self.batches_before(batch_idx) < self.pretraining:
            self.update(2, {"loss": attribute_loss(self.readers(images), attributes)})
            return
        self.readers.eval()
        sources, wanted, columns = pairs(attributes)
        # Where no two images of a device differ in one attribute alone, no device learns: the
        # others would wait for its gradients.
        if not self.trainer.strategy.reduce_boolean_decision(len(sources) > 0):
            return
        before, real = images[sources], images[wanted]
        targets = attributes[wanted]
        self.update(0, self.critic_losses(before, real, targets))
        known = attributes[sources]
        self.update(1, self.translator_losses(before, known, real, targets, columns))

    def critic_losses(self, before: Tensor, real: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """What the critic minimises, with least squares (Mao et al., ICCV 2017) as in CycleGAN.

        Args:
            before: (B, 3, H, W) in [-1, 1], of T1.
            real: (B, 3, H, W) in [-1, 1], of T2.
            targets: (B, K), attributes of ``real``.
        """
        values = self.maps(targets)
        with torch.no_grad():
            edited = self.translator(before, values)
        right, _ = self.critic(with_maps(real, values))
        wrong, _ = self.critic(with_maps(edited, values))
        return {"loss": 0.5 * ((right - 1).square().mean() + wrong.square().mean())}

    def translator_losses(
        self, before: Tensor, known: Tensor, real: Tensor, targets: Tensor, columns: Tensor
    ) -> dict[str, Tensor]:
        """What the translator minimises.

        Args:
            before: (B, 3, H, W) in [-1, 1], of T1.
            known: (B, K), attributes of ``before``.
            real: (B, 3, H, W) in [-1, 1], of T2.
            targets: (B, K), attributes of ``real``.
            columns: (B,), the attribute in which the two differ.
        """
        values = self.maps(targets)
        edited = self.translator(before, values)
        scores, _ = self.critic(with_maps(edited, values))
        fooled = (scores - 1).square().mean()
        cycle = (before - self.translator(edited, self.maps(known))).abs().mean()
        identity = (real - self.translator(real, values)).abs().mean()
        with torch.no_grad():
            kept = self.readers.represent(before)
        contrast = contrastive_loss(kept, self.readers.represent(edited), columns)
        weights = self.weights
        loss = fooled + weights[0] * cycle + weights[1] * identity + weights[2] * contrast
        return {"loss": loss, "cycle": cycle, "identity": identity, "contrast": contrast}

    def held_out_losses(self, batch: Batch) -> dict[str, Tensor]:
        """The distance of images and their edits to their own values, as ``loss``."""
        images, values = batch["image"] * 2 - 1, self.maps(batch["attributes"])
        return {"loss": (images - self.translator(images, values)).abs().mean()}


def pairs(attributes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs of images that differ in exactly one attribute.

    Args:
        attributes: (B, K) int64 codes.

    Returns:
        Places (P,) of the images of T1, those (P,) of their partners in T2, and the attribute (P,)
        in which they differ: one pair, drawn at random, for each image that has a partner.
    """
    differs = attributes[:, None] != attributes[None]  # wanted, source, attribute
    fits = differs.sum(2) == 1
    wanted = fits.any(1).nonzero()[:, 0]
    if len(wanted) == 0:
        return wanted, wanted, wanted
    sources = torch.multinomial(fits[wanted].float(), 1)[:, 0]
    return sources, wanted, differs[wanted, sources].int().argmax(1)


def contrastive_loss(before: list[Tensor], after: list[Tensor], columns: Tensor) -> Tensor:
    """How alike the edited attribute's representation stays, and how unlike those of the others.

    The mean over images of ``max(0, cos)`` for the edited attribute, plus ``1 - cos`` for each of
    the others, cos being the cosine of the representations before and after.

    Args:
        before: For each attribute (B, D).
        after: For each attribute (B, D).
        columns: (B,), the edited attribute.
    """
    cosines = [F.cosine_similarity(a, b) for a, b in zip(before, after, strict=True)]
    each = torch.stack(cosines, dim=1)
    edited = F.one_hot(columns, len(before)).bool()
    return torch.where(edited, each.clamp(min=0), 1 - each).sum(1).mean()
