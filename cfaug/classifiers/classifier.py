"""The classifier: a base objective, counterfactuals, and a representation that ignores edits."""

from pathlib import Path
from typing import cast

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics import MeanMetric

from cfaug.classifiers.invariance import squared_distance
from cfaug.generators.base import Generator
from cfaug.generators.checkpoints import load_generator_for
from cfaug.interventions import non_label_columns, other_value
from cfaug.metrics.groups import GroupAccuracy
from cfaug.networks.convnet import ConvNet
from cfaug.reproducible import ReproducibleModule
from cfaug.schedules import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import TEST_SETS
from datamodules.noise import uniform


class Classifier(ReproducibleModule):
    """Minimises ``w CE(h(φ(x)), y) + α CE(h(φ(x')), y) + λ |φ(x) − φ(x')|²``.

    x' is x with every attribute but the label set to an independent value by a generator, made anew
    for each batch. Without a generator only the first term is left: ERM on naturally sampled data,
    group balancing on balanced data (``sampling: balanced``).

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images; linked from the data module.
        generator: Checkpoint of the generator, or None for no counterfactuals.
        original_weight: w; 0 trains on counterfactuals only.
        counterfactual_weight: α.
        invariance_weight: λ.
        features: Length of the representation φ.
        lr: Peak learning rate of AdamW.
        weight_decay: Weight decay of AdamW.

    Raises:
        ValueError: If the generator cannot be read or was made for other attributes or images.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        generator: Path | None = None,
        original_weight: float = 1.0,
        counterfactual_weight: float = 1.0,
        invariance_weight: float = 0.1,
        features: int = 128,
        lr: float = 4e-3,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.attribute_space, self.image_shape = attribute_space, image_shape
        self.original_weight = original_weight
        self.counterfactual_weight = counterfactual_weight
        self.invariance_weight = invariance_weight
        self.lr, self.weight_decay = lr, weight_decay
        self.network = ConvNet(image_shape[-1], features)
        self.head = nn.Linear(
            features, attribute_space.cardinalities[attribute_space.label_position]
        )
        # In a list, so that the generator's weights stay out of the classifier's checkpoints.
        self._generator: list[Generator] = []
        if generator is not None:
            path = Path(generator)
            self._generator = [load_generator_for(path, attribute_space, image_shape)]
        self.groups = nn.ModuleList(GroupAccuracy(attribute_space.num_groups) for _ in TEST_SETS)
        others = [attribute_space.names[k] for k in non_label_columns(attribute_space)]
        self.flips = nn.ModuleDict({name: MeanMetric() for name in others})

    def use_only(self, generator: Generator) -> None:
        """Train on this generator's counterfactuals alone: the test of what they teach."""
        self._generator = [generator]
        self.original_weight = self.invariance_weight = 0.0

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, 3, H, W) in [0, 1]."""
        logits: Tensor = self.head(self._represent(images))
        return logits

    def _represent(self, images: Tensor) -> Tensor:
        representation: Tensor = self.network(images.contiguous(memory_format=torch.channels_last))
        return representation

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One update on originals, counterfactuals, or both."""
        labels = batch["attributes"][:, self.attribute_space.label_position]
        if not self._generator:
            loss = F.cross_entropy(self(batch["image"]), labels)
            self.log("train/loss", loss.detach())
            return loss
        # One pass over both, so that batch normalisation sees what it will be tested on.
        generator = self._generator[0].to(self.device)
        edited = generator.counterfactuals(batch)["image"]
        both = self._represent(torch.cat([batch["image"], edited]))
        original, counterfactual = (
            F.cross_entropy(logits, labels) for logits in self.head(both).chunk(2)
        )
        distance = squared_distance(*both.chunk(2))
        loss = (
            self.original_weight * original
            + self.counterfactual_weight * counterfactual
            + self.invariance_weight * distance
        )
        terms = {"loss": loss, "original": original, "counterfactual": counterfactual}
        terms["distance"] = distance
        self.log_dict({f"train/{name}": value.detach() for name, value in terms.items()})
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log accuracy on the confounded validation set."""
        labels = batch["attributes"][:, self.attribute_space.label_position]
        logits = self(batch["image"])
        accuracy = 100 * (logits.argmax(1) == labels).float().mean()
        self.log_dict(
            {"val/loss": F.cross_entropy(logits, labels), "val/accuracy": accuracy},
            sync_dist=True,
            batch_size=len(labels),
        )

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Count hits per group; on unconfounded images also flips under true counterfactuals."""
        space = self.attribute_space
        labels = batch["attributes"][:, space.label_position]
        predictions = self(batch["image"]).argmax(1)
        cast("GroupAccuracy", self.groups[dataloader_idx]).update(
            predictions, labels, space.groups(batch["attributes"])
        )
        if TEST_SETS[dataloader_idx] != "unconfounded":
            return
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        for column in non_label_columns(space):
            name = space.names[column]
            shift = uniform(data.seed, f"flip/{name}", batch["index"], 1)[:, 0]
            targets = other_value(batch["attributes"], space, column, shift)
            edited = self(data.counterfactual(batch, targets)).argmax(1)
            cast("MeanMetric", self.flips[name]).update((edited != predictions).float())

    def on_test_epoch_end(self) -> None:
        """Log accuracies, worst groups and flip rates, in per cent."""
        for split, groups in zip(TEST_SETS, self.groups, strict=True):
            figures = cast("GroupAccuracy", groups).compute()
            self.log(f"test/{split}_accuracy", figures.accuracy)
            self.log(f"test/{split}_worst_group_accuracy", figures.worst_group_accuracy)
            self.log(f"test/{split}_worst_group_size", float(figures.worst_size))
            cast("GroupAccuracy", groups).reset()
        for name, metric in self.flips.items():
            flips = cast("MeanMetric", metric)
            self.log(f"test/flip_rate/{name}", 100 * flips.compute())
            flips.reset()

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Logits (B, classes) of a batch."""
        logits: Tensor = self(batch["image"])
        return logits

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a linear fall over the second half."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        return scheduled(optimizer, int(self.trainer.estimated_stepping_batches))
