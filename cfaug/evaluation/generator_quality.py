"""How good a generator is: effects and traces of its edits, and what a classifier learns."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from math import ceil

import torch
from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from cfaug.auditing.measures import cnf, contingency
from cfaug.classifiers.classifier import Classifier
from cfaug.evaluation.edit_gallery import Edits, Gallery
from cfaug.evaluation.judges import IGNORED, Reader, fit_quietly, train_judge
from cfaug.generators.base import Generator
from cfaug.terminal.progress import track
from cfaug.tracking import keys
from cfaug.training.module import best_device
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import fresh_values, non_label_columns, other_value
from datamodules.process.noise import uniform

MOST = 10_000
"""Most images of a split that are judged; more would hardly change the figures."""


@dataclass(frozen=True)
class Judging:
    """The results of judging a generator.

    - ``figures`` has the names of the logger.
    - ``effectiveness`` is (K, K) in per cent: row i is after do(i), column k is read by judge k.
    - ``judges`` is (K,), the accuracy of the judges on real test images.
    - ``galleries`` has edits of each attribute to look at.
    """

    figures: dict[str, float]
    effectiveness: Tensor
    judges: Tensor
    galleries: list[Gallery]


def judge_generator(
    generator: Generator, data: AttributeDataModule, steps: int, precision: str
) -> Judging:
    """Judge a generator on test images, with judges trained apart from it.

    Effectiveness, composition and reversibility are defined by Monteiro et al., ICLR 2023. Judges
    and probes are trained on unconfounded images, so that they cannot infer one attribute from
    another.

    Args:
        generator: The generator.
        data: The data it was trained on, set up.
        steps: Updates of each judge, probe and transfer classifier.
        precision: Lightning's name of the precision they are trained in.
    """
    space, shape = generator.attribute_space, generator.image_shape
    unconfounded = data.unconfounded()
    judge = train_judge(unconfounded, steps, precision)
    probe = Reader(space, shape, lambda batch: _leakage_lesson(generator, batch))
    fit_quietly(probe, unconfounded, steps, precision, "training a probe")
    transfer = Classifier(space, shape)
    transfer.use_only(generator)
    doing = "training a classifier on edits"
    fit_quietly(transfer, data.sampled("natural"), steps, precision, doing)
    with torch.no_grad():
        for network in (generator, judge, probe, transfer):
            network.to(best_device())
        return _measure(generator, data, judge, probe, transfer)


def _leakage_lesson(generator: Generator, batch: Batch) -> tuple[Tensor, Tensor]:
    """Edit one attribute of each image; the probe learns to read only its original value."""
    space, attributes = generator.attribute_space, batch["attributes"]
    chosen = torch.randint_like(attributes[:, 0], len(space.attributes))
    everything = fresh_values(attributes, space, range(len(space.attributes)))
    edited = torch.arange(len(space.attributes), device=chosen.device) == chosen[:, None]
    targets = torch.where(edited, everything, attributes)
    with torch.no_grad():
        images = generator.to(attributes.device).edit(batch["image"], attributes, targets)
    return images, torch.where(edited, attributes, IGNORED)


class _Means:
    """Running means, by name, of values that are each a mean over some images."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, name: str, value: Tensor | float, count: int) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + float(value) * count
        self.counts[name] = self.counts.get(name, 0) + count

    def means(self) -> dict[str, float]:
        return {name: total / self.counts[name] for name, total in self.sums.items()}


def _l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference in grey levels, 0 to 255."""
    return 255 * (a - b).abs().mean()


def exact_errors(edited: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Distances of images from their true counterfactuals, means over images.

    Args:
        edited: (B, C, H, W) in [0, 1].
        truth: (B, C, H, W) in [0, 1].

    Returns:
        ``l1`` in grey levels (0 to 255), ``psnr`` in dB, ``ssim`` up to 1.
    """
    psnr = peak_signal_noise_ratio(
        edited, truth, data_range=1.0, dim=(1, 2, 3), reduction="elementwise_mean"
    )
    ssim = structural_similarity_index_measure(edited, truth, data_range=1.0)
    assert isinstance(ssim, Tensor)  # no map was asked for
    return {"l1": _l1(edited, truth), "psnr": psnr, "ssim": ssim}


def _percent(a: Tensor, b: Tensor) -> Tensor:
    return 100 * (a == b).float().mean()


def _batches(data: AttributeDataModule, split: str, doing: str) -> Iterable[Batch]:
    """Batches of a split, about `MOST` images in all, with a progress bar."""
    loader = data.split_dataloader(split)
    count = min(len(loader), ceil(MOST / (loader.batch_size or 1)))
    batches = islice(data.batches(split, best_device()), count)
    return track(batches, doing, count)


def _percents(read: Tensor, wanted: Tensor) -> Tensor:
    """Agreement (K,) of codes (B, K) for each attribute, in per cent."""
    return 100 * (read == wanted).float().mean(0).cpu()


def _measure(
    generator: Generator,
    data: AttributeDataModule,
    judge: Reader,
    probe: Reader,
    transfer: Classifier,
) -> Judging:
    space, means = generator.attribute_space, _Means()
    count = len(space.attributes)
    label = space.label_position
    effectiveness, judges = torch.zeros(count, count), torch.zeros(count)
    galleries = [Gallery() for _ in range(count)]
    chance = torch.stack([_majority(data, space, k) for k in range(count)])
    images_seen = 0
    for batch in _batches(data, "test", "judging edits"):
        images, attributes, size = batch["image"], batch["attributes"], len(batch["index"])
        images_seen += size
        judges += size * _percents(judge.read(images), attributes)

        null = generator.edit(images, attributes, attributes)
        means.add(keys.COMPOSITION.format(times=1), _l1(null, images), size)
        for _ in range(9):
            null = generator.edit(null, attributes, attributes)
        means.add(keys.COMPOSITION.format(times=10), _l1(null, images), size)

        for k, name in enumerate(space.names):
            shift = uniform(data.seed, f"judge/{name}", batch["index"], 1)[:, 0]
            targets = other_value(attributes, space, k, shift)
            edited = generator.edit(images, attributes, targets)
            read = judge.read(edited)
            effectiveness[k] += size * _percents(read, targets)
            back = generator.edit(edited, targets, attributes)
            trip = 255 * (back - images).abs().mean(dim=(1, 2, 3))
            shown = torch.stack([images, edited, back], dim=1)
            galleries[k].add(Edits(batch["index"], attributes, targets, read, trip, shown))
            means.add(keys.REVERSIBILITY.format(attribute=name), trip.mean(), size)
            if k != label and data.true_counterfactuals:
                for measure, value in exact_errors(
                    edited, data.counterfactual(batch, targets)
                ).items():
                    key = keys.EXACT.format(measure=measure, attribute=name)
                    means.add(key, value, size)
            # Fresh values may be the old one: otherwise the probe could exclude the new value.
            mixed = fresh_values(attributes, space, [k])
            found = probe.read(generator.edit(images, attributes, mixed))[:, k]
            means.add(keys.LEAKAGE.format(attribute=name), _percent(found, attributes[:, k]), size)

        edited = generator.counterfactuals(batch)["image"]
        labels = attributes[:, label]
        means.add(keys.TRANSFER_REAL, _percent(transfer(images).argmax(1), labels), size)
        means.add(keys.TRANSFER_EDITED, _percent(transfer(edited).argmax(1), labels), size)

    figures = means.means()
    figures[keys.TRANSFER_GAP] = figures[keys.TRANSFER_EDITED] - figures[keys.TRANSFER_REAL]
    effectiveness, judges = effectiveness / images_seen, judges / images_seen
    for i, done in enumerate(space.names):
        figures[keys.JUDGE.format(attribute=done)] = float(judges[i])
        figures[keys.LEAKAGE_CHANCE.format(attribute=done)] = float(chance[i])
        for k, judged in enumerate(space.names):
            figures[keys.EFFECTIVENESS.format(edited=done, read=judged)] = float(
                effectiveness[i, k]
            )
    figures.update(_residual_confounding(generator, data, judge))
    return Judging(figures, effectiveness, judges, galleries)


def _majority(data: AttributeDataModule, space: AttributeSpace, column: int) -> Tensor:
    """Share in per cent of the most frequent value in the test set, which guessing reaches."""
    values = data.splits["test"].attributes[:, column]
    return 100 * torch.bincount(values, minlength=space.cardinalities[column]).max() / len(values)


def _residual_confounding(
    generator: Generator, data: AttributeDataModule, judge: Reader
) -> dict[str, float]:
    """CNF of each attribute with the label, in the training data and in their counterfactuals.

    For the counterfactuals, a judge reads the attributes. All but the label have fresh values.
    """
    space = generator.attribute_space
    label = space.label_position
    before, after = [], []
    for batch in _batches(data, "train", "residual confounding"):
        before.append(batch["attributes"].cpu())
        after.append(judge.read(generator.counterfactuals(batch)["image"]).cpu())
    figures: dict[str, float] = {}
    stages = {keys.CONFOUNDING_BEFORE: before, keys.CONFOUNDING_AFTER: after}
    for key, tables in stages.items():
        table = torch.cat(tables)
        for k in non_label_columns(space):
            sizes = space.cardinalities[label], space.cardinalities[k]
            counts = contingency(table[:, label], table[:, k], sizes)
            figures[key.format(attribute=space.names[k])] = float(cnf(counts))
    return figures
