"""A network that predicts the label, and how it is validated and tested."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.classifiers.group_accuracy import FEWEST, GroupAccuracy
from cfaug.classifiers.image_counts import (
    ImageCounts,
    Tested,
    figures_of,
    result_of,
    with_ends,
)
from cfaug.classifiers.right_answers import Answers, pack
from cfaug.networks.backbones.choice import make_backbone
from cfaug.tracking import keys
from cfaug.training.module import AttributeModule
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import non_label_columns, other_value
from datamodules.process.noise import uniform
from datamodules.process.splits import TEST_SPLITS


class TestedClassifier(AttributeModule):
    """A backbone and a last layer; how they are trained is up to `Classifier`.

    Args:
        attribute_space: The attributes of the data.
        image_shape: (3, H, W) of the images.
        backbone: Name of the network, see `make_backbone`.
        backbone_weights: Its weights, see `make_backbone`.

    Attributes:
        network: Maps images (B, 3, H, W) in [0, 1] to representations (B, D).
        head: Maps representations to logits (B, classes).
        tested: What a test found, one for each test set.
        answers: Which images of the first test set were right, see `pack`.
    """

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        backbone: str,
        backbone_weights: str | None,
    ) -> None:
        super().__init__(attribute_space, image_shape)
        self.classes = attribute_space.cardinalities[attribute_space.label_position]
        self.network = make_backbone(backbone, image_shape, backbone_weights)
        self.head = nn.Linear(self.network.features, self.classes)
        self.val_groups = GroupAccuracy(attribute_space.num_groups)
        self.tested: list[Tested] = []
        self.answers: Answers = {}
        # Made when a test starts: they have a place for each image. Flips are in a list, not by
        # name: not every name of an attribute is a valid name of a module.
        self.hits, self.flips = nn.ModuleList(), nn.ModuleList()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, 3, H, W) in [0, 1]."""
        logits: Tensor = self.head(self.represent(images))
        return logits

    def represent(self, images: Tensor) -> Tensor:
        """Representations (B, D) of images (B, 3, H, W) in [0, 1]."""
        representation: Tensor = self.network(images.contiguous(memory_format=torch.channels_last))
        return representation

    def on_fit_start(self) -> None:
        """Look if there is a worst group where a callback chooses by it.

        Raises:
            ValueError: If there is none.
        """
        key, callbacks = keys.VAL_WORST_GROUP_ACCURACY, self.trainer.callbacks  # type: ignore[attr-defined]
        if all(getattr(callback, "monitor", None) != key for callback in callbacks):
            return
        table = self.trainer.datamodule.splits["val"].attributes  # type: ignore[attr-defined]
        most = int(torch.bincount(self.attribute_space.groups(table)).max())
        if most < FEWEST:
            msg = (
                f"{key} is to choose, and no group has {FEWEST} validation images (the largest has "
                f"{most}), so that none can be the worst; choose by {keys.VAL_BALANCED_ACCURACY}, "
                "or give validation more images"
            )
            raise ValueError(msg)

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
        """Log the mean and the lowest accuracy over groups, which are meant for choosing models."""
        found = self.val_groups.compute()
        self.log(keys.VAL_BALANCED_ACCURACY, found.balanced_accuracy)
        if found.worst_group >= 0:  # not all groups are too small for one to be the worst
            self.log(keys.VAL_WORST_GROUP_ACCURACY, found.worst_group_accuracy)
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
            counts = cast("ImageCounts", metric).counts()
            if not self.tested:
                self.answers = pack(counts, split)
            found = result_of(counts, space.num_groups, seed)
            self.tested.append(found)
            self.log_dict(figures_of(found, split))
        for column, metric in zip(non_label_columns(space), self.flips, strict=True):
            if data.true_counterfactuals:
                flips = cast("ImageCounts", metric).counts()
                key = keys.FLIP_RATE.format(attribute=space.names[column])
                self.log_dict(with_ends(key, flips.percent, flips.interval(seed)))

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Logits (B, classes) of a batch."""
        logits: Tensor = self(batch["image"])
        return logits
