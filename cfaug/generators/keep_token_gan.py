"""A conditional GAN that is told what to edit and nothing of what to keep."""

import itertools
from typing import Any

import torch
from lightning.pytorch import Callback
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug import keys
from cfaug.callbacks.averaging import MovingAverage
from cfaug.generators.base import Generator
from cfaug.interventions import fresh_values
from cfaug.losses import attribute_loss
from cfaug.networks.conditional_vae import ModulatedBlock
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import TEST_SETS


class Editor(nn.Module):
    """Changes an image; each attribute has one value more, "keep"."""

    def __init__(self, cardinalities: list[int], channels: int) -> None:
        super().__init__()
        values = [cardinality + 1 for cardinality in cardinalities]
        self.stem = nn.Conv2d(3, channels, 4, stride=2, padding=1)
        self.before = ModulatedBlock(channels, values)
        self.down = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)
        self.middle = nn.ModuleList(ModulatedBlock(2 * channels, values) for _ in range(3))
        self.up = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)
        self.after = ModulatedBlock(channels, values)
        self.head = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.paint = nn.Conv2d(channels // 2, 3, 3, padding=1)
        nn.init.zeros_(self.paint.weight)

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] and (B, K) to (B, 3, H, W) in [0, 1]."""
        h = self.before(self.stem(images * 2 - 1), tokens)
        h = self.down(F.silu(h))
        for block in self.middle:
            h = block(h, tokens)
        h = self.after(F.pixel_shuffle(self.up(F.silu(h)), 2), tokens)
        pixels: Tensor = self.paint(F.silu(F.pixel_shuffle(self.head(F.silu(h)), 2)))
        return (torch.logit(images, 0.01) + pixels.float()).sigmoid()


class Critic(nn.Module):
    """Tells real images from edits, and reads attributes; it is told none."""

    def __init__(self, cardinalities: list[int], side: int, channels: int) -> None:
        super().__init__()
        self.cardinalities = cardinalities
        widths = [3, channels, 2 * channels, 4 * channels]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(itertools.pairwise(widths)):
            kernel, stride = (4, 2) if i < 2 else (3, 1)
            layer = nn.Conv2d(before, after, kernel, stride=stride, padding=1)
            layers += [nn.utils.parametrizations.spectral_norm(layer), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(4 * channels * (side // 4) ** 2, 1 + sum(cardinalities))

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Score (B,) and logits of each attribute."""
        score, *logits = (
            self.head(self.body(images * 2 - 1)).float().split([1, *self.cardinalities], dim=1)
        )
        return score[:, 0], logits


class KeepTokenGAN(Generator):
    """Told which attributes to change and to what; rewarded for these alone.

    A hinge critic with heads for the attributes, trained on deconfounded batches (StarGAN, Choi et
    al., CVPR 2018, with its cycle), and a token "keep" in the place of what stays.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        cycle: float = 50.0,
        reward: float = 1.0,
        channels: int = 32,
        lr: float = 3e-4,
        ema_decay: float = 0.995,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.save_hyperparameters(logger=False)
        self.automatic_optimization = False
        self.cycle, self.reward, self.lr, self.ema_decay = cycle, reward, lr, ema_decay
        values = list(attribute_space.cardinalities)
        self.register_buffer("keep", torch.tensor(values), persistent=False)
        self.editor = Editor(values, channels)
        self.critic = Critic(values, image_shape[1], channels)

    def edit(self, images: Tensor, attributes: Tensor, targets: Tensor) -> Tensor:
        """See `Generator.edit`."""
        kept = self.get_buffer("keep").expand_as(targets)
        return self.editor(images, torch.where(attributes == targets, kept, targets))  # type: ignore[no-any-return]

    def _editor_losses(self, batch: Batch, targets: Tensor) -> dict[str, Tensor]:
        images, attributes = batch["image"], batch["attributes"]
        edited = self.edit(images, attributes, targets)
        score, logits = self.critic(edited)
        wanted = torch.where(attributes == targets, -100, targets)  # ignored by the cross-entropy
        reward = sum(
            F.cross_entropy(found, wanted[:, k], reduction="sum") for k, found in enumerate(logits)
        ) / len(images)
        back = self.edit(edited, targets, attributes)
        same = self.edit(images, attributes, attributes)
        cycle = (back - images).abs().mean() + (same - images).abs().mean()
        loss = -score.mean() + self.reward * reward + self.cycle * cycle
        return {"loss": loss, "reward": torch.as_tensor(reward), "cycle": cycle}

    def _targets(self, attributes: Tensor) -> Tensor:
        fresh = fresh_values(attributes, self.attribute_space, range(attributes.shape[1]))
        half = torch.rand(attributes.shape, device=attributes.device) < 0.5
        return torch.where(half, fresh, attributes)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One update of the critic, one of the editor."""
        optimizers = self.optimizers()
        assert isinstance(optimizers, list)
        of_editor, of_critic = optimizers
        targets = self._targets(batch["attributes"])
        with torch.no_grad():
            edited = self.edit(batch["image"], batch["attributes"], targets)
        real, logits = self.critic(batch["image"])
        fake, _ = self.critic(edited)
        loss = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        self._step(of_critic, loss + attribute_loss(logits, batch["attributes"]))
        losses = self._editor_losses(batch, targets)
        self._step(of_editor, losses["loss"])
        named = {keys.TRAIN_TERM.format(term=name): v.detach() for name, v in losses.items()}
        self.log_dict(named | {keys.TRAIN_TERM.format(term="critic"): loss.detach()})

    def _step(self, optimizer: LightningOptimizer, loss: Tensor) -> None:
        self.toggle_optimizer(optimizer)
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        self.untoggle_optimizer(optimizer)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log the losses on validation images."""
        self._log_losses(batch, keys.VAL_TERM)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Log the losses on both test sets."""
        self._log_losses(batch, keys.TEST_TERM, split=TEST_SETS[dataloader_idx])

    def _log_losses(self, batch: Batch, key: str, **words: str) -> None:
        losses = self._editor_losses(batch, self._targets(batch["attributes"]))
        named = {key.format(term=name, **words): value for name, value in losses.items()}
        self.log_dict(named, batch_size=len(batch["index"]), add_dataloader_idx=False)

    def configure_optimizers(self) -> Any:
        """Adam for the editor and for the critic."""
        return [
            torch.optim.Adam(part.parameters(), lr=self.lr, betas=(0.5, 0.99))
            for part in (self.editor, self.critic)
        ]

    def configure_callbacks(self) -> list[Callback]:
        """The moving average of the weights."""
        return [MovingAverage(self.ema_decay)]
