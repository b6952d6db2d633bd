"""What ``cfaug evaluate --classifier`` does: test a classifier, wherever it was trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser
from rich.table import Table
from torch import nn

from cfaug.classifiers.classifier_checkpoint import load_classifier_to_test
from cfaug.classifiers.group_table import write_groups
from cfaug.cli.options import chosen_generator
from cfaug.cli.output.run_results import accuracies, of_resampled
from cfaug.cli.results import record
from cfaug.evaluation.classifier_reliance import CHANGED, Changed, Reliance, reliance_of
from cfaug.generators.base import Generator
from cfaug.networks.whole_networks import make_whole_network
from cfaug.plotting.image_grids import save_strips
from cfaug.terminal.tables import short_table, show, with_interval
from cfaug.tracking import keys
from cfaug.tracking.run_names import identify
from cfaug.training.module import best_device
from datamodules.attributes import AttributeSpace
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import non_label_columns

OPTIONS = ("weights", "outputs", "mean", "spread")
"""Options of a classifier that was not trained by cfaug."""


def add_classifier_arguments(parser: ArgumentParser) -> None:
    """Let the user name a classifier."""
    parser.add_argument(
        "--classifier",
        type=str | None,
        default=None,
        help="a classifier that was trained anywhere: a checkpoint of cfaug, a network of "
        "torchvision such as resnet18, or your own module.Class",
    )
    parser.add_argument(
        "--own_backbone",
        type=str | None,
        default=None,
        help="class of a network of your own, module.Class, that a checkpoint may name",
    )
    parser.add_argument(
        "--weights", type=Path | None, default=None, help="its state dict, if it is not of cfaug"
    )
    parser.add_argument(
        "--outputs",
        type=list[str | int] | None,
        default=None,
        help="the values of the label in the order of its logits, by default that of the data; "
        "words such as yes in quotes",
    )
    parser.add_argument(
        "--mean",
        type=list[float] | None,
        default=None,
        help="what it expects to be subtracted from red, green and blue in [0, 1]; by default "
        "ImageNet's for networks of torchvision, else nothing",
    )
    parser.add_argument(
        "--spread",
        type=list[float] | None,
        default=None,
        help="what it expects them to be divided by, after that",
    )


def refuse_without_classifier(options: Any) -> None:
    """Refuse options of a classifier where none is named.

    Raises:
        ValueError: If there is one.
    """
    if given := [f"--{name}" for name in OPTIONS if options[name] is not None]:
        msg = f"{' and '.join(given)} are for a --classifier that cfaug did not train; name one"
        raise ValueError(msg)


def test_classifier(options: Any, args: Sequence[str], data: AttributeDataModule) -> None:
    """Test the classifier that the options name, and leave what was found."""
    space = data.attribute_space
    classifier = named_classifier(options, data).to(best_device())
    generator: Generator | None = None
    path: Path | None = None
    if options.generator is not None and non_label_columns(space):
        try:
            generator, path = chosen_generator(options.generator, data)
        except ValueError as error:
            msg = f"{error}; with --generator null the groups are tested alone"
            raise ValueError(msg) from error
        generator.to(best_device())
    found = reliance_of(classifier, data, generator)
    show(accuracies(found.tested, data, found.figures), *of_resampled(data))
    if generator is not None:
        show(edits_table(found, space), *edits_lines(found))
    write_groups(options.folder / "groups.csv", found.tested, data)
    pictures = save_changed(found, space, options.folder)
    identity = identify(options, path)
    record(options.folder, ["evaluate", *args], identity, found.figures, pictures, generator=path)
    print(f"all figures: {options.folder / 'metrics.json'}; all groups: groups.csv beside it")


def named_classifier(options: Any, data: AttributeDataModule) -> nn.Module:
    """The classifier that the options name.

    Raises:
        ValueError: If it cannot be made, or was made for other data.
    """
    space, name = data.attribute_space, options.classifier
    if not name.endswith(".ckpt"):
        values = space.attributes[space.label_position].values
        named = None if options.outputs is None else list(map(str, options.outputs))
        rest = options.mean, options.spread
        return make_whole_network(name, values, options.weights, named, *rest)
    if given := [f"--{option}" for option in OPTIONS if options[option] is not None]:
        msg = f"a checkpoint of cfaug knows its {' and '.join(given)}; leave them out"
        raise ValueError(msg)
    return load_classifier_to_test(Path(name), data, options.own_backbone)


def edits_table(found: Reliance, space: AttributeSpace) -> Table:
    """A row for each attribute, what changes most first."""

    def of(key: str, name: str) -> str:
        name = key.format(attribute=name)
        return with_interval(found.figures[name], keys.interval_of(found.figures, name))

    names = sorted(found.changed, key=lambda n: -found.figures[keys.RELIANCE.format(attribute=n)])
    rows = [
        [name, of(keys.EDIT_FLIP_RATE, name), of(keys.RELIANCE, name)]
        for name in names
        if name != space.label
    ]
    columns = {"an edit of": "left", "flips [95 %]": "right", "moves [95 %]": "right"}
    return short_table(columns, rows, "predictions under edits of test images, %")  # type: ignore[arg-type]


def edits_lines(found: Reliance) -> list[str]:
    """What stands below the table."""
    name = keys.REDRAWN_FLIP_RATE
    share = with_interval(found.figures[name], keys.interval_of(found.figures, name))
    return [
        "flips: another class is predicted; moves: of the probability, beside the image drawn "
        "again as it is",
        f"drawn again without a change {share} % are flipped: of so many an edit says little",
    ]


def save_changed(found: Reliance, space: AttributeSpace, folder: Path) -> list[Path]:
    """Draw the edits that change predictions most."""
    if not found.changed:
        return []
    classes = space.attributes[space.label_position].values

    def captions(name: str, rows: Changed) -> list[str]:
        values = space.attributes[space.position(name)].values
        return [
            f"{values[source]} to {values[target]}\n{classes[before]} to {classes[after]}"
            for source, target, before, after in zip(
                rows.source.tolist(),
                rows.target.tolist(),
                rows.before.tolist(),
                rows.after.tolist(),
                strict=True,
            )
        ]

    path = folder / f"{CHANGED}.png"
    save_strips(
        [rows.images for rows in found.changed.values()],
        [captions(name, rows) for name, rows in found.changed.items()],
        [f"do({name}): image, drawn again, edit; value, prediction" for name in found.changed],
        path,
    )
    return [path]
