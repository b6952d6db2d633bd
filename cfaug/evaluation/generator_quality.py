"""How good a generator is: effects and traces of its edits, and what a classifier learns."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from cfaug.auditing.remaining_confounding import cnf_with_label
from cfaug.classifiers.classifier import Classifier
from cfaug.evaluation.edit_gallery import Edits, Gallery
from cfaug.evaluation.guessing import guessing
from cfaug.evaluation.image_distances import distance, exact_errors
from cfaug.evaluation.judges import Reader, train_judge
from cfaug.evaluation.probes import Probes
from cfaug.generators.base import Generator
from cfaug.terminal.progress import track
from cfaug.tracking import keys
from cfaug.training.module import best_device
from cfaug.training.quiet_fit import fit_quietly
from datamodules.attributes import Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import non_label_columns, other_value
from datamodules.process.noise import uniform

MOST = 10_000
"""Most images of a split that are judged; more would hardly change the figures."""


@dataclass(frozen=True)
class Judging:
    """The results of judging a generator.

    - ``figures`` has the names of the logger.
    - ``effectiveness`` is (K, K) in per cent: row i is after do(i), column k is read by judge k,
      which a user can have.
    - ``judges`` is (K,), the accuracy of these judges on real test images.
    - ``galleries`` has edits of each attribute to look at.
    """

    figures: dict[str, float]
    effectiveness: Tensor
    judges: Tensor
    galleries: list[Gallery]


def judge_generator(
    generator: Generator,
    data: AttributeDataModule,
    steps: int,
    precision: str,
    backbone: str = "convnet",
) -> Judging:
    """Judge a generator on test images, with networks trained apart from it.

    Effectiveness, composition and reversibility are defined by Monteiro et al., ICLR 2023.
    Composition is that of the edit which classifiers are trained on, of all attributes but the
    label. Judges are trained as a user can, on the training images, drawn partly deconfounded.
    Where the process of the data is known, the edits are also read by judges trained on an
    unconfounded redraw, which nobody has of real images. Probes are trained on that redraw where
    there is one, so that they read as much as anything could.

    Args:
        generator: The generator.
        data: The data it was trained on, set up.
        steps: Updates of each judge and transfer classifier; probes see `KINDS`.
        precision: Lightning's name of the precision they are trained in.
        backbone: Network of the judges, see `make_backbone`.
    """
    space, shape = generator.attribute_space, generator.image_shape
    redraw, lesson = data.unconfounded(), data.sampled("deconfounded")
    judges = [train_judge(lesson, steps, precision, backbone)]
    if redraw is not None:
        judges.append(train_judge(redraw, steps, precision, backbone))
    columns, others = range(len(space.names)), non_label_columns(space)
    doing = "probing edits of one attribute", "probing edits of all but the label"
    how = lesson if redraw is None else redraw, steps, precision
    single = Probes(generator, [[column] for column in columns], *how, doing[0])
    joint = Probes(generator, [others], *how, doing[1]) if others else None
    transfer = Classifier(space, shape)
    transfer.use_only(generator)
    doing_transfer = "training a classifier on edits"
    fit_quietly(transfer, data.sampled("natural"), steps, precision, doing_transfer)
    with torch.no_grad():
        for network in (generator, *judges, transfer):
            network.to(best_device())
        return _measure(generator, data, judges, single, joint, transfer)


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


def _percent(right: Tensor) -> Tensor:
    return 100 * right.float().mean()


def _batches(data: AttributeDataModule, split: str, doing: str) -> Iterable[Batch]:
    """Batches of at most `MOST` images, evenly over a split, with a progress bar."""
    images = len(data.splits[split])
    positions = range(0, images, ceil(images / MOST))
    count = len(data.split_dataloader(split, positions))
    return track(data.batches(split, best_device(), positions), doing, count)


def _percents(read: Tensor, wanted: Tensor) -> Tensor:
    """Agreement (K,) of codes (B, K) for each attribute, in per cent."""
    return 100 * (read == wanted).float().mean(0).cpu()


def _measure(
    generator: Generator,
    data: AttributeDataModule,
    judges: Sequence[Reader],
    single: Probes,
    joint: Probes | None,
    transfer: Classifier,
) -> Judging:
    space, means = generator.attribute_space, _Means()
    count, label, others = len(space.attributes), space.label_position, non_label_columns(space)
    # A row for each edit, and one for real images.
    read_right = [torch.zeros(count + 1, count) for _ in judges]
    galleries = [Gallery() for _ in range(count)]
    values_seen: list[Tensor] = []
    for batch in _batches(data, "test", "judging edits"):
        images, attributes, size = batch["image"], batch["attributes"], len(batch["index"])
        values_seen.append(attributes.cpu())
        for table, judge in zip(read_right, judges, strict=True):
            table[count] += size * _percents(judge.read(images), attributes)
        _add_null_edits(means, generator, batch, others or [label])
        for k, name in enumerate(space.names):
            shift = uniform(data.seed, f"judge/{name}", batch["index"], 1)[:, 0]
            targets = other_value(attributes, space, k, shift)
            edited = generator.edit(images, attributes, targets, [k])
            read = [judge.read(edited) for judge in judges]
            for table, codes in zip(read_right, read, strict=True):
                table[k] += size * _percents(codes, targets)
            back = generator.edit(edited, targets, attributes, [k])
            trip = 255 * (back - images).abs().mean(dim=(1, 2, 3))
            shown = torch.stack([images, edited, back], dim=1)
            galleries[k].add(Edits(batch["index"], attributes, targets, read[0], trip, shown))
            means.add(keys.REVERSIBILITY.format(attribute=name), trip.mean(), size)
            if k != label and data.true_counterfactuals:
                truth = data.counterfactual(batch, targets)
                for measure, value in exact_errors(edited, truth).items():
                    means.add(keys.EXACT.format(measure=measure, attribute=name), value, size)
            for column, found in single.found(batch, [k]):
                key = keys.LEAKAGE.format(attribute=space.names[column])
                means.add(key, _percent(found), size)
        for column, found in joint.found(batch, others) if joint else ():
            key = keys.JOINT_LEAKAGE.format(attribute=space.names[column])
            means.add(key, _percent(found), size)
        edited = generator.counterfactuals(batch)["image"]
        labels = attributes[:, label]
        means.add(keys.TRANSFER_REAL, _percent(transfer(images).argmax(1) == labels), size)
        means.add(keys.TRANSFER_EDITED, _percent(transfer(edited).argmax(1) == labels), size)

    seen = torch.cat(values_seen)
    figures = means.means()
    figures[keys.TRANSFER_GAP] = figures[keys.TRANSFER_EDITED] - figures[keys.TRANSFER_REAL]
    figures[keys.JUDGED_IMAGES] = float(len(seen))
    figures |= guessing(seen, single.data)
    shares = [table / len(seen) for table in read_right]
    figures |= _readings(shares[0], space.names, keys.JUDGE, keys.EFFECTIVENESS)
    if len(shares) > 1:
        figures |= _readings(shares[1], space.names, keys.KNOWN_JUDGE, keys.KNOWN_EFFECTIVENESS)
        difference = shares[0] - shares[1]
        names = keys.JUDGE_DIFFERENCE, keys.EFFECTIVENESS_DIFFERENCE
        figures |= _readings(difference, space.names, *names)
    figures |= _residual_confounding(generator, data, judges)
    return Judging(figures, shares[0][:count], shares[0][count], galleries)


def _add_null_edits(
    means: _Means, generator: Generator, batch: Batch, columns: Collection[int]
) -> None:
    """Add what 1 and 10 edits that set attributes to their own values change."""
    images, attributes = batch["image"], batch["attributes"]
    null = images
    for times in range(1, 11):
        null = generator.edit(null, attributes, attributes, columns)
        if times in (1, 10):
            key = keys.COMPOSITION.format(times=times)
            means.add(key, distance(null, images), len(images))


def _readings(
    shares: Tensor, names: Sequence[str], judge: str, effectiveness: str
) -> dict[str, float]:
    """Figures of ``(K + 1, K)`` shares: a row for each edit, the last for real images."""
    figures = {}
    for k, read in enumerate(names):
        figures[judge.format(attribute=read)] = float(shares[-1, k])
        for i, edited in enumerate(names):
            figures[effectiveness.format(edited=edited, read=read)] = float(shares[i, k])
    return figures


def _residual_confounding(
    generator: Generator, data: AttributeDataModule, judges: Sequence[Reader]
) -> dict[str, float]:
    """CNF of each attribute with the label, in the training data and in their counterfactuals.

    For the counterfactuals, judges read the attributes. All but the label have fresh values.
    """
    space = generator.attribute_space
    names = keys.CONFOUNDING_BEFORE, keys.CONFOUNDING_AFTER, keys.KNOWN_CONFOUNDING_AFTER
    tables: list[list[Tensor]] = [[] for _ in (None, *judges)]
    for batch in _batches(data, "train", "residual confounding"):
        edited = generator.counterfactuals(batch)["image"]
        found = batch["attributes"], *(judge.read(edited) for judge in judges)
        for parts, codes in zip(tables, found, strict=True):
            parts.append(codes.cpu())
    return {
        key.format(attribute=name): value
        for key, parts in zip(names, tables, strict=False)
        for name, value in cnf_with_label(torch.cat(parts), space, None).items()
    }
