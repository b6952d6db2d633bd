"""What a run prints when it is done: where it is, and its figures."""

from collections.abc import Mapping, Sequence

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.table import Table

from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.classifiers.image_counts import Tested
from cfaug.cli.output.audit_tables import short_line_of_test_set
from cfaug.terminal.tables import cut, short_path, short_table, show, with_interval
from cfaug.tracking import keys
from cfaug.tracking.drawn_images import drawn_of, figures_of_draws
from cfaug.tracking.run_records import run_folder
from cfaug.training.module import AttributeModule
from datamodules.base import AttributeDataModule
from datamodules.process.resampled_set import measure_resampled
from datamodules.process.sampling import EARLY_DRAWS
from datamodules.process.splits import RESAMPLED

MAIN_FIGURES = {
    "generator": (keys.VAL_LOSS, "validation loss {:.2f}"),
    "classifier": (keys.VAL_ACCURACY, "validation {:.1f} %"),
}
"""The figure that stands beside the folder of a fit, and how it is said, by the kind of module."""

DRAWN = {
    "balanced": "group-balanced",
    "deconfounded": f"partly deconfounded, after the first {EARLY_DRAWS:,} images",
}
"""How images are drawn by each sampling that weights them."""

LONGEST_NAME = 70
"""Letters of the name of a group; ``groups.csv`` has it in full."""


def line_of(trainer: Trainer, module: AttributeModule) -> str:
    """Where a fit left its run, and its main figure."""
    line = f"run: {short_path(run_folder(trainer))}"
    name, words = MAIN_FIGURES[module.kind]
    if name in trainer.callback_metrics:
        line += f", {words.format(float(trainer.callback_metrics[name]))}"
    return line


def line_of_draws(data: AttributeDataModule) -> str | None:
    """What weights leave of the confounding of training images; None if they have none."""
    if data.sampling not in DRAWN or (drawn := drawn_of(figures_of_draws(data))) is None:
        return None
    line = f"drawn {DRAWN[data.sampling]}"
    if drawn.attribute is not None:
        line += (
            f": {drawn.left:.2f} of {drawn.cnf:.2f} nats of confounding between "
            f"{data.attribute_space.label} and {drawn.attribute} left"
        )
    return f"{line}, as if {drawn.worth:,.0f} of {drawn.images:,.0f} images"


class RunResults(Callback):
    """Prints a short table at the end of a test, and a line at that of a validation."""

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the figures of the test sets."""
        if not _told(trainer):
            return
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        data: AttributeDataModule = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(pl_module, Classifier):
            show(accuracies(pl_module.tested, data, figures), *of_resampled(data), *flips(figures))
        else:
            show(terms(figures, data.test_sets))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the figures of ``validate``."""
        if trainer.state.fn == "validate" and _told(trainer):
            prefix = keys.started(keys.VAL_TERM)
            found = [
                f"{name.removeprefix(prefix)} {float(value):.2f}"
                for name, value in trainer.callback_metrics.items()
                if name.startswith(prefix)
            ]
            show(f"validation: {', '.join(found)}")


def _told(trainer: Trainer) -> bool:
    return trainer.is_global_zero and not trainer.fast_dev_run  # type: ignore[attr-defined]


def accuracies(
    tested: Sequence[Tested], data: AttributeDataModule, figures: Mapping[str, float]
) -> Table:
    """Of each test set the accuracy and the worst group, each with its interval."""
    rows = []
    for name, found in zip(data.test_sets, tested, strict=True):
        # As they are logged, so that every table rounds them alike.
        right, lowest = (
            figures.get(key.format(split=name), float("nan"))
            for key in (keys.ACCURACY, keys.WORST_GROUP_ACCURACY)
        )
        worst, group = ["", ""], f"none has {FEWEST} images"
        if size := found.figures.worst_size:
            number = found.figures.worst_group
            worst = [with_interval(lowest, found.groups[number]), f"{size:,}"]
            group = cut(data.attribute_space.group_name(number), LONGEST_NAME)
        rows.append([name, with_interval(right, found.accuracy), *worst, group])
    images = "test set, %" if data.test_on == "test" else "validation, %"
    return short_table(
        {
            images: "left",
            "right [95 %]": "right",
            "worst [95 %]": "right",
            "of": "right",
            "worst group": "left",
        },
        rows,
    )


def of_resampled(data: AttributeDataModule) -> list[str]:
    """What a resampled test set is worth, in a line; none where it is drawn anew."""
    if data.test_sets[0] != RESAMPLED:
        return []
    space = data.attribute_space
    return [short_line_of_test_set(measure_resampled(data.splits["test"], space), space.label)]


def flips(figures: Mapping[str, float]) -> list[str]:
    """The share of predictions that change with each attribute, in a line; none where unknown."""
    prefix = keys.started(keys.FLIP_RATE)
    found = [
        f"{name.removeprefix(prefix)} {with_interval(value, keys.interval_of(figures, name))}"
        for name, value in figures.items()
        if name.startswith(prefix)
    ]
    return [f"flipped by it alone, %: {', '.join(found)}"] if found else []


def terms(figures: dict[str, float], test_sets: tuple[str, str]) -> Table:
    """The terms of a generator's loss, a row each, with a column for each test set."""
    prefixes = [keys.TEST_TERM.format(split=name, term="") for name in test_sets]
    names = dict.fromkeys(
        name.removeprefix(prefix)
        for prefix in prefixes
        for name in figures
        if name.startswith(prefix)
    )
    rows = []
    for name in names:
        values = [figures.get(prefix + name) for prefix in prefixes]
        rows.append([name, *("" if value is None else f"{value:.2f}" for value in values)])
    return short_table({"on test images": "left", **dict.fromkeys(test_sets, "right")}, rows)
