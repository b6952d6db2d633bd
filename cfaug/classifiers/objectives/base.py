"""The interface of a base objective: the loss on original images, and what it does beside that."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from cfaug.classifiers.objectives.mixing.mixture import Mixture
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule

Labels = Literal["no", "training", "validation"]
"""Of which images an objective uses attributes beside the label."""


@dataclass(frozen=True)
class Seen:
    """What the classifier makes of the originals of a batch.

    An objective that asks for V `Objective.views` of each image gets V·B of them, one view of all
    images after the other.

    Args:
        images: (V·B, 3, H, W) in [0, 1], mixed and augmented.
        features: (V·B, D) representations.
        logits: (V·B, classes).
        labels: (B,) int64.
        targets: (B,) int64, the labels, or (B, classes) shares of each class in mixed images.
        groups: (B,) int64 numbers of combinations of values.
        environments: (B,) int64 numbers of combinations of all values but the label.
        index: (B,) int64, the rows of the images.
    """

    images: Tensor
    features: Tensor
    logits: Tensor
    labels: Tensor
    targets: Tensor
    groups: Tensor
    environments: Tensor
    index: Tensor


@dataclass(frozen=True)
class Beginning:
    """What an objective can use before training.

    Args:
        data: The data, set up.
        space: Their attributes.
        make_network: Makes an untrained classifier, images (B, 3, H, W) to logits (B, classes).
        train_erm: Makes such a network and trains it by the cross-entropy of naturally drawn
            images, for a number of updates.
    """

    data: AttributeDataModule
    space: AttributeSpace
    make_network: Callable[[], nn.Module]
    train_erm: Callable[[int], nn.Module]

    def group_sizes(self) -> Tensor:
        """How many training images each group has, (groups,) int64."""
        groups = self.space.groups(self.data.splits["train"].attributes)
        return torch.bincount(groups, minlength=self.space.num_groups)


class Objective(nn.Module, ABC):
    """The loss on original images: B of `Classifier`.

    Its parameters are trained with those of the classifier, and its state is kept in checkpoints,
    so that a stopped run goes on with it.

    Attributes:
        uses: Of which images it uses attributes beside the label, for tables.
        views: How many images it makes of each.
        finishes: Whether it changes the last layer after training.
    """

    uses: ClassVar[Labels] = "no"
    views: ClassVar[int] = 1
    finishes: ClassVar[bool] = False

    def begin(self, beginning: Beginning) -> None:
        """Prepare for training; called once, also by a run that goes on."""

    def mixture(self, batch: Batch, space: AttributeSpace) -> Mixture | None:
        """Which images to mix with which; None for none. Counterfactuals are mixed likewise."""
        return None

    def show(self, images: Tensor) -> Tensor:
        """What the classifier is to see of images (B, 3, H, W): (`views`·B, 3, H, W)."""
        return images

    @abstractmethod
    def forward(self, seen: Seen) -> Tensor:
        """The loss, a mean over images."""

    def finish(self, head: nn.Linear, features: Tensor, labels: Tensor, groups: Tensor) -> None:
        """Change the last layer after the last update, if it `finishes`.

        Args:
            head: The last layer, on the CPU.
            features: (N, D) representations of the validation images.
            labels: (N,) int64 of them.
            groups: (N,) int64 of them.
        """
