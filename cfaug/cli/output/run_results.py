"""What a run prints when it is done: where it is, and its figures."""

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.table import Table

from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.terminal.tables import cut, short_path, short_table, show, with_interval
from cfaug.tracking import keys
from cfaug.tracking.run_records import run_folder
from cfaug.training.module import AttributeModule
from datamodules.base import TEST_SETS

MAIN_FIGURES = {
    "generator": (keys.VAL_LOSS, "validation loss {:.2f}"),
    "classifier": (keys.VAL_ACCURACY, "validation {:.1f} %"),
}
"""The figure that stands beside the folder of a fit, and how it is said, by the kind of module."""

LONGEST_NAME = 70
"""Letters of the name of a group; ``groups.csv`` has it in full."""


def line_of(trainer: Trainer, module: AttributeModule) -> str:
    """Where a fit left its run, and its main figure."""
    line = f"run: {short_path(run_folder(trainer))}"
    name, words = MAIN_FIGURES[module.kind]
    if name in trainer.callback_metrics:
        line += f", {words.format(float(trainer.callback_metrics[name]))}"
    return line


class RunResults(Callback):
    """Prints a short table at the end of a test, and a line at that of a validation."""

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the figures of the test sets."""
        if not _told(trainer):
            return
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        if isinstance(pl_module, Classifier):
            show(accuracies(pl_module, figures), *flips(figures))
        else:
            show(terms(figures))

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


def accuracies(classifier: Classifier, figures: dict[str, float]) -> Table:
    """Of each test set the accuracy and the worst group, each with its interval."""
    rows = []
    for name, found in zip(TEST_SETS, classifier.tested, strict=True):
        # As they are logged, so that every table rounds them alike.
        right, lowest = (
            figures[key.format(split=name)] for key in (keys.ACCURACY, keys.WORST_GROUP_ACCURACY)
        )
        worst, group = ["", ""], f"none has {FEWEST} images"
        if size := found.figures.worst_size:
            number = found.figures.worst_group
            worst = [with_interval(lowest, found.groups[number]), f"{size:,}"]
            group = cut(classifier.attribute_space.group_name(number), LONGEST_NAME)
        rows.append([name, with_interval(right, found.accuracy), *worst, group])
    return short_table(
        {
            "test set, %": "left",
            "right [95 %]": "right",
            "worst [95 %]": "right",
            "of": "right",
            "worst group": "left",
        },
        rows,
    )


def flips(figures: dict[str, float]) -> list[str]:
    """The share of predictions that change with each attribute, in a line; none where unknown."""
    prefix = keys.started(keys.FLIP_RATE)
    found = [
        f"{name.removeprefix(prefix)} {with_interval(value, keys.interval_of(figures, name))}"
        for name, value in figures.items()
        if name.startswith(prefix)
    ]
    return [f"flipped by it alone, %: {', '.join(found)}"] if found else []


def terms(figures: dict[str, float]) -> Table:
    """The terms of a generator's loss, a row each, with a column for each test set."""
    prefixes = [keys.TEST_TERM.format(split=name, term="") for name in TEST_SETS]
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
    return short_table({"on test images": "left", **dict.fromkeys(TEST_SETS, "right")}, rows)
