"""What any classifier relies on: its groups on real images, its predictions under edits."""

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cfaug.classifiers.image_counts import (
    Counts,
    ImageCounts,
    Tested,
    figures_of,
    result_of,
    with_ends,
)
from cfaug.classifiers.intervals import Interval
from cfaug.generators.base import Generator
from cfaug.terminal.progress import track
from cfaug.tracking import keys
from cfaug.training.module import best_device
from datamodules.attributes import AttributeSpace
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import non_label_columns, other_value
from datamodules.process.noise import uniform
from datamodules.process.splits import TEST_SPLITS

Classify = Callable[[Tensor], Tensor]
"""Turns images (B, 3, H, W) in [0, 1] into logits (B, classes)."""

CHANGED = "changed"
"""Name of the picture of `Reliance.changed`."""


class Changed(NamedTuple):
    """Edits of one attribute whose predictions change most, a row each.

    Args:
        position: (N,) the ``index`` of the images, see `Batch`.
        before: (N,) classes predicted of the images drawn again.
        after: (N,) classes predicted of the edits.
        source: (N,) codes of the attribute.
        target: (N,) codes of the edits.
        change: (N,) see `Reliance`.
        images: (N, 3, 3, H, W) in [0, 1]: the image, the image drawn again, its edit.
    """

    position: Tensor
    before: Tensor
    after: Tensor
    source: Tensor
    target: Tensor
    change: Tensor
    images: Tensor

    def most(self, count: int) -> "Changed":
        """The rows whose predictions change most, of each image one."""
        order = self.change.argsort(descending=True, stable=True).cpu()
        places = self.position.cpu()[order].numpy()
        first = np.sort(np.unique(places, return_index=True)[1])[:count]
        order = order[torch.from_numpy(first)].to(self.change.device)
        return Changed(*(column[order] for column in self))

    def and_of(self, other: "Changed") -> "Changed":
        """These rows, and those of another."""
        return Changed(*map(torch.cat, zip(self, other, strict=True)))


class Reliance(NamedTuple):
    """What a classifier relies on.

    - ``figures`` has the names of the logger.
    - ``tested`` has what each test set tells.
    - ``changed`` has for each attribute but the label the edits that change predictions most.

    A generator redraws images, and that alone may change a prediction. So an edit is compared with
    the image drawn again with its own values. The change of a prediction is the total variation
    distance of its probabilities: 0 if none changes, 1 if another class is certain instead.
    """

    figures: dict[str, float]
    tested: list[Tested]
    changed: dict[str, Changed]


@torch.no_grad()
def reliance_of(
    classify: Classify, data: AttributeDataModule, generator: Generator | None, shown: int = 8
) -> Reliance:
    """Test a classifier, and see what edits of each attribute do to its predictions.

    Args:
        classify: The classifier, on the device of the images.
        data: The data, set up.
        generator: What edits; None for tests without edits.
        shown: Edits of each attribute that are kept to look at.
    """
    space, device = data.attribute_space, best_device()
    counts = {split: ImageCounts(data.splits[split], space).to(device) for split in TEST_SPLITS}
    edits = None if generator is None else _Edits(classify, data, generator, shown)
    for split in TEST_SPLITS:
        batches = len(data.split_dataloader(split))
        for batch in track(data.batches(split, device), "testing a classifier", batches):
            labels = batch["attributes"][:, space.label_position]
            predicted = classify(batch["image"]).argmax(1)
            counts[split].update(batch["index"], predicted == labels)
            if edits is not None and split == TEST_SPLITS[0]:
                edits.add(batch["image"], batch["attributes"], batch["index"], predicted)
    tested = [result_of(counts[s].counts(), space.num_groups, data.seed) for s in TEST_SPLITS]
    figures: dict[str, float] = {}
    for found, name in zip(tested, data.test_sets, strict=True):
        known = figures_of(found, name)
        # There is no worst group where all are small.
        figures |= {key: value for key, value in known.items() if isfinite(value)}
    if edits is not None:
        figures |= edits.figures(data.seed)
    return Reliance(figures, tested, {} if edits is None else edits.changed)


class _Edits:
    """Counts what edits of the first test set do to predictions, batch by batch."""

    def __init__(
        self, classify: Classify, data: AttributeDataModule, generator: Generator, shown: int
    ) -> None:
        self.classify, self.generator, self.shown = classify, generator, shown
        self.space: AttributeSpace = data.attribute_space
        self.seed = data.seed
        self.others = non_label_columns(self.space)
        device, split = best_device(), data.splits[TEST_SPLITS[0]]

        def counts() -> ImageCounts:
            return ImageCounts(split, self.space).to(device)

        self.redrawn = counts()
        self.flips, self.changes = ({k: counts() for k in self.others} for _ in range(2))
        self.changed: dict[str, Changed] = {}

    def add(self, images: Tensor, attributes: Tensor, index: Tensor, predicted: Tensor) -> None:
        """Edit a batch (B, 3, H, W) whose predictions (B,) are known."""
        same = self._edit(images, attributes, attributes, self.others)
        self.redrawn.update(index, self.classify(same).argmax(1) != predicted)
        for column in self.others:
            name = self.space.names[column]
            shift = uniform(self.seed, f"flip/{name}", index, 1)[:, 0]
            targets = other_value(attributes, self.space, column, shift)
            before = self._edit(images, attributes, attributes, [column])
            after = self._edit(images, attributes, targets, [column])
            old, new = (self.classify(drawn).softmax(1) for drawn in (before, after))
            change = 0.5 * (old - new).abs().sum(1)
            self.flips[column].update(index, old.argmax(1) != new.argmax(1))
            self.changes[column].update(index, change)
            rows = Changed(
                index,
                old.argmax(1),
                new.argmax(1),
                attributes[:, column],
                targets[:, column],
                change,
                torch.stack([images, before, after], dim=1),
            )
            kept = Changed(*(part.cpu() for part in rows.most(self.shown)))
            known = self.changed.get(name)
            self.changed[name] = (kept if known is None else known.and_of(kept)).most(self.shown)

    def _edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: list[int]
    ) -> Tensor:
        return self.generator.edit(images, attributes, targets, columns).clamp(0, 1)

    def figures(self, seed: int) -> dict[str, float]:
        """The shares under the names of the logger, in per cent, with their intervals."""
        found = _share(keys.REDRAWN_FLIP_RATE, self.redrawn, seed)
        for column in self.others:
            name = self.space.names[column]
            found |= _share(keys.EDIT_FLIP_RATE.format(attribute=name), self.flips[column], seed)
            found |= _share(keys.RELIANCE.format(attribute=name), self.changes[column], seed)
        return found


def _share(name: str, counted: ImageCounts, seed: int) -> dict[str, float]:
    counts: Counts = counted.counts()
    ends: Interval = counts.interval(seed)
    return with_ends(name, counts.percent, ends)
