"""The classifier: a base objective, counterfactuals, and a representation that ignores edits."""

from pathlib import Path
from typing import cast

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.classifiers.group_accuracy import GroupAccuracy
from cfaug.classifiers.image_counts import ImageCounts, Tested, result_of
from cfaug.classifiers.intervals import Interval
from cfaug.classifiers.named_functions import Distance, Objective, find_function
from cfaug.generators.base import Generator
from cfaug.generators.generator_checkpoint import load_generator_for
from cfaug.networks.convnet import ConvNet
from cfaug.tracking import keys
from cfaug.training.module import AttributeModule
from cfaug.training.schedule import scheduled
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import non_label_columns, other_value
from datamodules.process.noise import uniform
from datamodules.process.splits import TEST_SPLITS


class Classifier(AttributeModule):
    """Minimises ``w B(h(φ(x)), y) + α CE(h(φ(x')), y) + λ D(φ(x), φ(x'))``.

    B is the base objective, by default the cross-entropy CE. x' is the counterfactual of x: every
    attribute except the label has an independent value. A generator makes it for each batch, or
    the data module reads it from disk. Without counterfactuals only the first term remains. That
    is ERM on naturally sampled data, and group balancing on balanced data
    (``sampling: balanced``).

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images; linked from the data module.
        generator: Checkpoint of the generator; None for no generator.
        objective: B, the function of that name in this package, see `Objective`. It is not used
            without originals (w and λ 0).
        original_weight: w; 0 trains on counterfactuals only.
        counterfactual_weight: α.
        invariance_weight: λ.
        distance: D, the function of that name in this package, see `Distance`.
        features: Length of the representation φ.
        lr: Peak learning rate of AdamW.
        weight_decay: Weight decay of AdamW.

    Raises:
        ValueError: If there is no such objective or distance.
    """

    kind = "classifier"

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        generator: Path | None = None,
        objective: str = "cfaug.classifiers.objectives.cross_entropy",
        original_weight: float = 1.0,
        counterfactual_weight: float = 1.0,
        invariance_weight: float = 0.1,
        distance: str = "cfaug.classifiers.invariances.squared_distance",
        features: int = 128,
        lr: float = 4e-3,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.save_hyperparameters(logger=False)
        self.original_weight = original_weight
        self.counterfactual_weight = counterfactual_weight
        self.invariance_weight = invariance_weight
        self.objective: Objective = find_function(objective, "objective")
        self.distance: Distance = find_function(distance, "distance")
        self.lr, self.weight_decay = lr, weight_decay
        self.network = ConvNet(image_shape[-1], features)
        self.head = nn.Linear(
            features, attribute_space.cardinalities[attribute_space.label_position]
        )
        self.generator_path = generator
        # In a list, so that the generator's weights stay out of the classifier's checkpoints.
        self._generator: list[Generator] = []
        self.val_groups = GroupAccuracy(attribute_space.num_groups)
        self.tested: list[Tested] = []
        # Made when a test starts: they have a place for each image. Flips are in a list, not by
        # name: not every name of an attribute is a valid name of a module.
        self.hits, self.flips = nn.ModuleList(), nn.ModuleList()

    def setup(self, stage: str) -> None:
        """Load the generator; only training needs it.

        Raises:
            ValueError: If the generator cannot be read or was trained for other attributes or
                images, or the data already have counterfactuals, or have no attribute to edit.
        """
        if stage == "fit" and self.generator_path is not None and not self._generator:
            data: AttributeDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
            if data.counterfactuals is not None:
                msg = "two sources of counterfactuals, --model.generator and "
                raise ValueError(f"{msg}--data.init_args.counterfactuals; leave one of them out")
            if not non_label_columns(self.attribute_space):
                msg = (
                    "the data have no attribute beside the label, "
                    f"'{self.attribute_space.label}', and counterfactuals keep the label; leave "
                    "--model.generator out"
                )
                raise ValueError(msg)
            path = Path(self.generator_path)
            self._generator = [load_generator_for(path, data)]

    @property
    def made_with(self) -> dict[str, Path | None]:
        """See `AttributeModule.made_with`: the generator."""
        return {"generator": Path(self.generator_path) if self.generator_path else None}

    def use_only(self, generator: Generator) -> None:
        """Train on this generator's counterfactuals alone, to test what they teach."""
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
        terms = self.losses(batch)
        named = {keys.TRAIN_TERM.format(term=name): v.detach() for name, v in terms.items()}
        self.log_dict(named, sync_dist=True)
        return terms["loss"]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The terms of the loss on a batch, ``loss`` being what is minimised."""
        labels = batch["attributes"][:, self.attribute_space.label_position]
        groups = self.attribute_space.groups(batch["attributes"])
        if "counterfactual" in batch:
            edited = batch["counterfactual"]
        elif self._generator:
            edited = self._generator[0].to(self.device).counterfactuals(batch)["image"]
        else:
            return {"loss": self.objective(self(batch["image"]), labels, groups)}
        if not self.original_weight and not self.invariance_weight:
            # Originals stay out of batch normalisation too.
            return {"loss": self.counterfactual_weight * F.cross_entropy(self(edited), labels)}
        # One pass over both, so that the statistics of batch normalisation include real images.
        both = self._represent(torch.cat([batch["image"], edited]))
        logits, edited_logits = self.head(both).chunk(2)
        original = self.objective(logits, labels, groups)
        counterfactual = F.cross_entropy(edited_logits, labels)
        distance = self.distance(*both.chunk(2))
        loss = (
            self.original_weight * original
            + self.counterfactual_weight * counterfactual
            + self.invariance_weight * distance
        )
        terms = {"loss": loss, "original": original, "counterfactual": counterfactual}
        return {**terms, "distance": distance}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log accuracy on the confounded validation set, and count hits per group."""
        labels = batch["attributes"][:, self.attribute_space.label_position]
        logits = self(batch["image"])
        accuracy = 100 * (logits.argmax(1) == labels).float().mean()
        groups = self.attribute_space.groups(batch["attributes"])
        self.val_groups.update(logits.argmax(1), labels, groups)
        self.log_dict(
            {keys.VAL_LOSS: F.cross_entropy(logits, labels), keys.VAL_ACCURACY: accuracy},
            sync_dist=True,
            batch_size=len(labels),
        )

    def on_validation_epoch_end(self) -> None:
        """Log the mean accuracy over groups, which is meant for choosing models."""
        self.log(keys.VAL_BALANCED_ACCURACY, self.val_groups.compute().balanced_accuracy)
        self.val_groups.reset()

    def on_test_start(self) -> None:
        """Make counts for the images of the test sets; images that a set repeats count once."""
        splits = self.trainer.datamodule.splits  # type: ignore[attr-defined]

        def counts(split: str) -> ImageCounts:
            return ImageCounts(splits[split], self.attribute_space).to(self.device)

        columns = non_label_columns(self.attribute_space)
        self.hits = nn.ModuleList(counts(split) for split in TEST_SPLITS)
        self.flips = nn.ModuleList(counts(TEST_SPLITS[0]) for _ in columns)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Count hits; on the first test set also flips under true counterfactuals."""
        space = self.attribute_space
        labels = batch["attributes"][:, space.label_position]
        predictions = self(batch["image"]).argmax(1)
        cast("ImageCounts", self.hits[dataloader_idx]).update(batch["index"], predictions == labels)
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if dataloader_idx > 0 or not data.true_counterfactuals:
            return
        for column, metric in zip(non_label_columns(space), self.flips, strict=True):
            shift = uniform(data.seed, f"flip/{space.names[column]}", batch["index"], 1)[:, 0]
            targets = other_value(batch["attributes"], space, column, shift)
            edited = self(data.counterfactual(batch, targets)).argmax(1)
            cast("ImageCounts", metric).update(batch["index"], edited != predictions)

    def on_test_epoch_end(self) -> None:
        """Log accuracies, worst groups and flip rates, in per cent, each with its interval."""
        data: AttributeDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        seed = data.seed
        space = self.attribute_space
        self.tested = []
        for split, metric in zip(data.test_sets, self.hits, strict=True):
            found = result_of(cast("ImageCounts", metric).counts(), space.num_groups, seed)
            figures = found.figures
            self.tested.append(found)
            self._log(keys.ACCURACY.format(split=split), figures.accuracy, found.accuracy)
            balanced = keys.BALANCED_ACCURACY.format(split=split)
            self._log(balanced, figures.balanced_accuracy, found.balanced_accuracy)
            worst = keys.WORST_GROUP_ACCURACY.format(split=split)
            ends = found.groups.get(figures.worst_group)
            self._log(worst, figures.worst_group_accuracy, ends)
            self.log(keys.TEST_IMAGES.format(split=split), float(found.images))
            self.log(keys.WORST_GROUP_SIZE.format(split=split), float(figures.worst_size))
        for column, metric in zip(non_label_columns(space), self.flips, strict=True):
            if data.true_counterfactuals:
                flips = cast("ImageCounts", metric).counts()
                key = keys.FLIP_RATE.format(attribute=space.names[column])
                self._log(key, flips.percent, flips.interval(seed))

    def _log(self, name: str, value: float, ends: Interval | None) -> None:
        """Log a figure and, unless there is none, the ends of its interval."""
        self.log(name, value)
        if ends is not None:
            self.log_dict(dict(zip(keys.ends(name), ends, strict=True)))

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Logits (B, classes) of a batch."""
        logits: Tensor = self(batch["image"])
        return logits

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a linear fall over the second half."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        return scheduled(optimizer, self.trainer.estimated_stepping_batches)
