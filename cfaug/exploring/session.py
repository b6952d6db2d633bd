"""Edits of single images and what classifiers say of them, for a page or anything else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cfaug.evaluation.judges import Reader
from cfaug.generators.base import Generator
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import single_edits

MOST_IMAGES = 64
"""Images that one search for a flip looks at."""


@dataclass(frozen=True)
class Search:
    """What a search for a flip found.

    Args:
        looked_to: The first test image that was not looked at.
        index: The test image whose prediction flips; None if there was none.
        value: The code that flips it.
    """

    looked_to: int
    index: int | None = None
    value: int | None = None


class Session:
    """A generator and classifiers on the first test set of a data set.

    Args:
        generator: The generator.
        classifiers: Classifiers by name.
        data: The data, set up.
        judge: Reads the attributes of images that have none; None where there is no such network.
    """

    def __init__(
        self,
        generator: Generator,
        classifiers: Mapping[str, nn.Module],
        data: AttributeDataModule,
        judge: Reader | None,
    ) -> None:
        self.generator, self.classifiers, self.data, self.judge = (
            generator,
            classifiers,
            data,
            judge,
        )
        self.space = data.attribute_space

    @property
    def images(self) -> int:
        """Number of test images."""
        return len(self.data.splits["test"])

    def images_from(self, start: int, most: int) -> tuple[Tensor, Tensor]:
        """The test images (N, 3, H, W) in [0, 1] from `start` on, at most `most`; codes (N, K).

        Raises:
            ValueError: If there is no image `start`.
        """
        if not 0 <= start < self.images:
            msg = f"there is no test image {start}; choose one from 0 to {self.images - 1}"
            raise ValueError(msg)
        rows = torch.arange(start, min(start + most, self.images))
        batch = self.data.batch("test", rows)
        return batch["image"], batch["attributes"]

    @torch.no_grad()
    def edit(
        self, image: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """See `Generator.edit`."""
        return self.generator.edit(image, attributes, targets, columns).clamp(0, 1)

    @torch.no_grad()
    def opinions(self, image: Tensor) -> dict[str, list[float]]:
        """The probability (percent) of each class of an image (1, 3, H, W), by classifier."""
        return {
            name: (100 * classifier(image).softmax(1))[0].tolist()
            for name, classifier in self.classifiers.items()
        }

    @torch.no_grad()
    def predictions(self, images: Tensor) -> dict[str, list[int]]:
        """The class that each classifier sees in images (N, 3, H, W)."""
        return {
            name: classifier(images).argmax(1).tolist()
            for name, classifier in self.classifiers.items()
        }

    def single_edits(self, image: Tensor, attributes: Tensor) -> list[Tensor]:
        """``(|V_k|, 3, H, W)`` for each attribute: an image with each of its values."""
        found = []
        for column, cardinality in enumerate(self.space.cardinalities):
            targets = single_edits(attributes, column, cardinality)[:, 0]
            copies = image.expand(cardinality, -1, -1, -1), attributes.expand(cardinality, -1)
            found.append(self.edit(*copies, targets, [column]))
        return found

    @torch.no_grad()
    def guess(self, image: Tensor) -> Tensor | None:
        """The codes (1, K) that the judge reads; None without a judge."""
        return None if self.judge is None else self.judge.read(image)

    @torch.no_grad()
    def next_flip(self, name: str, attribute: str, start: int) -> Search:
        """The first test image from `start` on whose prediction an edit of one attribute changes.

        Looks at `MOST_IMAGES` images.

        Args:
            name: The classifier.
            attribute: The attribute, not the label.
            start: Where to begin.

        Raises:
            ValueError: If there is no such classifier, attribute or image.
        """
        if name not in self.classifiers:
            msg = f"there is no classifier {name!r}; choose one of {list(self.classifiers)}"
            raise ValueError(msg)
        column = self.space.position(attribute)
        if attribute == self.space.label:
            msg = f"{attribute} is what classifiers predict; choose another attribute"
            raise ValueError(msg)
        images, attributes = self.images_from(start, MOST_IMAGES)
        predict = self.classifiers[name]
        before = predict(images).argmax(1)
        first = Search(start + len(images))
        cardinality = self.space.cardinalities[column]
        for value, targets in enumerate(single_edits(attributes, column, cardinality)):
            after = predict(self.edit(images, attributes, targets, [column])).argmax(1)
            changed = attributes[:, column] != value  # else it is no edit
            flips = (changed & (after != before)).nonzero()[:, 0]
            if len(flips) and (first.index is None or start + int(flips[0]) < first.index):
                index = start + int(flips[0])
                first = Search(index + 1, index, value)
        return first
