"""What a test leaves of a classifier: its accuracy in every group, and what it got right."""

import csv
from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer

from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.image_counts import Tested
from cfaug.tracking.run_records import run_folder
from datamodules.base import AttributeDataModule
from datamodules.storage.atomic_files import whole_file, write_json

COLUMNS = ("test_set", "images", "read", "correct", "accuracy", "low", "high")
"""Columns of ``groups.csv``; those of the attributes come after the first."""


class GroupTable(Callback):
    """Writes ``groups.csv``, see `write_groups`, and ``right.json``.

    ``right.json`` says which images of the first test set were right, see `pack`.
    """

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the table."""
        assert isinstance(pl_module, Classifier)
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        data: AttributeDataModule = trainer.datamodule  # type: ignore[attr-defined]
        write_json(run_folder(trainer) / "right.json", pl_module.answers)
        write_groups(run_folder(trainer) / "groups.csv", pl_module.tested, data)


def write_groups(path: Path, found: Sequence[Tested], data: AttributeDataModule) -> None:
    """Write the accuracy in every group.

    It has a row for each test set and each group that has images there. Its columns are:

    - ``test_set``;
    - the attributes by name, with ``(attribute)`` added if another column has that name;
    - ``images``, the number of distinct images;
    - ``read``, the number of predictions, which is larger if images are repeated;
    - ``correct``, the number of correct predictions;
    - ``accuracy`` in per cent, with the ends ``low`` and ``high`` of its interval, see
      `Tested`.

    Args:
        path: The CSV.
        found: What each test set tells.
        data: The data.
    """
    space = data.attribute_space
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        names = [f"{n} (attribute)" if n in COLUMNS else n for n in space.names]
        table.writerow([COLUMNS[0], *names, *COLUMNS[1:]])
        for name, tested in zip(data.test_sets, found, strict=True):
            figures = tested.figures
            for group, interval in tested.groups.items():
                counts = figures.images, figures.total, figures.correct
                images, read, correct = (int(count[group]) for count in counts)
                accuracy = 100 * correct / read, *interval
                percents = [f"{figure:.1f}" for figure in accuracy]
                table.writerow([name, *space.values(group), images, read, correct, *percents])
