"""The user's own images: a folder or zip with a table of attributes, or one folder per class."""

import os
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from datamodules.attributes import Attribute, AttributeSpace
from datamodules.checks import require_at_least
from datamodules.image_files import ImageFiles
from datamodules.notices import some_of, tell
from datamodules.storage.image_store import ImageStore, open_images
from datamodules.storage.tables.attribute_tables import ImageTable, encode_table
from datamodules.storage.tables.dividing_columns import SPLITS
from datamodules.storage.tables.table_files import read_table


class ImagesWithTable(ImageFiles):
    """Images of one's own with a table of attributes, or in one folder for each class.

    Args:
        images: Folder or zip of the images.
        label: Column of the label, or its name where there is no table.
        table: CSV, TSV or Parquet of file names and attributes; None takes the name of the
            outermost folder that an image lies in for its label.
        attributes: Columns of the other attributes; None for all that are left.
        file_column: Column of file names.
        split_column: Column that says train, val or test; None draws the splits, see `draw_splits`.
        group_column: Column that says which images belong together, such as the person or patient;
            those of one are in one split. It is no attribute. None takes each image by itself.
        val_share: Share of the images for validation, where splits are drawn.
        test_share: Share of the images for testing, where splits are drawn.
        missing: What to do with rows that lack a value: ``error``, ``drop``, or any other word, the
            name of a value for them.
        categories: For some columns the categories that take the place of their values: each with a
            list of values, or of ranges such as ``20 to 100``. Rows of other values are left out.
        options: Those of `ImageFiles`.

    Raises:
        ValueError: If an argument is out of range or the table is wrong; the message names what.
    """

    def __init__(
        self,
        images: Path,
        label: str,
        table: Path | None = None,
        attributes: list[str] | None = None,
        file_column: str = "file",
        split_column: str | None = None,
        group_column: str | None = None,
        val_share: float = 0.1,
        test_share: float = 0.2,
        missing: str = "error",
        categories: dict[str, dict[str, list[str | int | float]]] | None = None,
        **options: Any,
    ) -> None:
        require_at_least(0, val_share=val_share, test_share=test_share)
        if not 0 < val_share < 1 - test_share < 1:
            msg = (
                f"val_share is {val_share} and test_share {test_share}, expected numbers above 0 "
                "that leave something for training"
            )
            raise ValueError(msg)
        store = open_images(Path(images))
        if table is None:
            unread = {
                "attributes": attributes is not None,
                "file_column": file_column != "file",
                "split_column": split_column is not None,
                "group_column": group_column is not None,
                "missing": missing != "error",
                "categories": categories is not None,
            }
            if given := [name for name, is_given in unread.items() if is_given]:
                msg = (
                    f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} for a table, and "
                    "none is named; set table, or leave out what is for one"
                )
                raise ValueError(msg)
            rows = rows_of_folders(store, label)
        else:
            rows = encode_table(
                read_table(Path(table)),
                Path(table),
                label,
                attributes,
                missing,
                file_column,
                split_column,
                group_column,
                categories,
            )
        super().__init__(store, rows, {"test": test_share, "val": val_share}, **options)


def rows_of_folders(store: ImageStore, label: str) -> ImageTable:
    """Take the name of the outermost folder that an image lies in for its label.

    Args:
        store: The images.
        label: Name of the label.

    Raises:
        ValueError: If there is no image, one lies in no folder, a folder has none, there are fewer
            than two folders, or they are named as splits.
    """
    files, others = store.listing()
    if others:
        tell(
            f"{len(others):,} images in {store.path} are left out, for their format is not read: "
            f"{some_of(others)}"
        )
    if not files:
        msg = f"{store.path} has no image that is read; expected one folder for each value of"
        raise ValueError(f"{msg} '{label}'")
    folders = [PurePosixPath(name).parts[0] for name in files]
    values = sorted(set(folders))
    _require_folders_of_values(store, files, values, label)
    codes = torch.tensor([values.index(folder) for folder in folders])
    space = AttributeSpace((Attribute(label, tuple(values)),), label)
    return ImageTable(files, codes[:, None], space, None)


def _require_folders_of_values(
    store: ImageStore, files: list[str], values: list[str], label: str
) -> None:
    """Check that the outermost folders can be the values of a label."""
    if file := next((name for name in files if "/" not in name), None):
        msg = (
            f"the image {file} of {store.path} lies in no folder that could name its "
            f"'{label}'; give a table, or one folder for each value"
        )
        raise ValueError(msg)
    if all(value.lower() in SPLITS and not value.isdigit() for value in values):
        msg = (
            f"the folders of {store.path}, {', '.join(values)}, are named as splits; expected one "
            f"for each value of '{label}': point images to one of them, or give a table with a "
            "column of splits"
        )
        raise ValueError(msg)
    if empty := sorted(set(store.folders()) - set(values)):
        msg = (
            f"{len(empty)} folder(s) of {store.path} have no image that is read: {some_of(empty)}; "
            f"each should be a value of '{label}': put images there, or remove the folder"
        )
        raise ValueError(msg)
    if len(values) == 1:
        shared = os.path.commonpath([os.path.dirname(name) for name in files])
        deeper = (name.removeprefix(f"{shared}/") for name in files)
        inner = sorted({name.partition("/")[0] for name in deeper if "/" in name})
        todo = f"; it has {some_of(inner)}: point images to {store.path}/{shared}"
        msg = (
            f"all images of {store.path} are in its folder {shared}; expected one folder for "
            f"each value of '{label}', or a table{todo if len(inner) > 1 else ''}"
        )
        raise ValueError(msg)
