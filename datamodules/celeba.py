"""CelebA (Liu et al., ICCV 2015), as its authors ship it and in the forms it circulates in."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datamodules.attributes import Attribute, AttributeSpace
from datamodules.image_files import ImageFiles
from datamodules.notices import some_of, tell
from datamodules.storage.image_store import ENDINGS, ImageArchive, ImageStore, open_images
from datamodules.storage.tables.attribute_tables import ImageTable

IMAGES = "img_align_celeba"
ATTRIBUTES = "list_attr_celeba"
PARTITION = "list_eval_partition"
IDENTITY = "identity_CelebA"
FOLDERS = tuple(
    outer + inner for outer in ("", "celeba/", "CelebA/") for inner in (".", "Img", "Anno", "Eval")
)
"""Where the files may lie below the root."""

YES = {"1": 1, "-1": 0, "0": 0}
BETWEEN = str.maketrans(',;"', "   ")
"""What stands between cells, beside blanks."""

PARTS = {"0": "train", "1": "val", "2": "test"}

WHOLE = 202_599
"""Images of CelebA."""

GROUPS: dict[tuple[str, ...], dict[str, list[int]]] = {
    ("Blond_Hair", "Male"): {
        "train": [71_629, 66_874, 22_880, 1_387],
        "val": [8_535, 8_276, 2_874, 182],
        "test": [9_767, 7_535, 2_480, 180],
    }
}
"""Known numbers of images of the groups no-no, no-yes, yes-no, yes-yes of the official split."""


class CelebA(ImageFiles):
    """Faces with binary attributes, in the official split.

    Nothing is ever downloaded. Below ``root`` lie ``img_align_celeba`` (a folder, that folder twice
    nested, or a zip), ``list_attr_celeba`` and ``list_eval_partition`` (.txt or .csv, with or
    without a line for the number of images, -1 and 1 or 0 and 1, also as pandas and spreadsheets
    save them again). `ImageFiles` says what stands for the two test sets. Where identity_CelebA
    lies there too, the images of one person count as one in effective sizes.

    Args:
        root: Folder of the data.
        label: The attribute that classifiers predict, any of the 40.
        attributes: The attributes beside it, any others.
        flip: Augmentation, mirror half of the images.
        options: Those of `ImageFiles`.

    Raises:
        ValueError: If a file is missing, damaged or of another version; the message names it.
    """

    def __init__(
        self,
        root: Path,
        label: str = "Blond_Hair",
        attributes: tuple[str, ...] = ("Male",),
        flip: bool = True,
        **options: Any,
    ) -> None:
        root = Path(root)
        if attributes is None:  # jsonargparse lets null pass for anything
            msg = "attributes is null, expected names beside the label, for example [Male], or []"
            raise ValueError(msg)
        names = (label, *(name for name in attributes if name != label))
        images = find_images(root)
        rows = read_celeba(find(root, ATTRIBUTES), find(root, PARTITION), names)
        if identity := _look_for(root, IDENTITY):
            rows = replace(rows, clusters=read_persons(identity, rows.files))
        super().__init__(images, rows, {}, flip=flip, **options)

    def setup(self, stage: str | None = None) -> None:
        """Match the files, split them, print the sizes of the groups.

        Those of `GROUPS` are checked where the table has the `WHOLE` of CelebA.

        Raises:
            ValueError: If rows have no image, an attribute has one value in training, or the groups
                are not those of the official split.
        """
        if self.splits:
            return
        super().setup(stage)
        space = self.attribute_space
        known = GROUPS.get(space.names) if len(self.rows.files) == WHOLE else None
        groups, splits = space.groups(self.rows.attributes), np.array(self.rows.splits)
        for part in PARTS.values():
            of_part = groups[torch.from_numpy(splits == part)]
            sizes = torch.bincount(of_part, minlength=space.num_groups).tolist()
            if known and sizes != known[part]:
                self.splits = {}  # so that the next call tells it again
                msg = (
                    f"the groups of {part} have {sizes} images, the official split "
                    f"{known[part]}: the partition is of another version"
                )
                raise ValueError(msg)
            parts = [f"{space.group_name(g)}: {n:,}" for g, n in enumerate(sizes)]
            if space.num_groups <= 8:
                tell(f"{part}: {'; '.join(parts)}")


def find(root: Path, stem: str) -> Path:
    """The file of a name that ends in .txt or .csv.

    Raises:
        ValueError: If there is none.
    """
    if path := _look_for(root, stem):
        return path
    msg = (
        f"there is no {stem}.txt or .csv below {root}; put CelebA's {IMAGES}, {ATTRIBUTES} and "
        f"{PARTITION} there, or name another folder with --data.init_args.root"
    )
    raise ValueError(msg)


def _look_for(root: Path, stem: str) -> Path | None:
    paths = (root / f / f"{stem}{ending}" for f in FOLDERS for ending in (".txt", ".csv"))
    return next((path for path in paths if path.is_file()), None)


def find_images(root: Path) -> ImageStore:
    """The folder of images, the inner one where it is nested twice, or the zip.

    Raises:
        ValueError: If there is neither.
    """
    for folder in FOLDERS:
        path = root / folder / IMAGES
        if path.is_dir():
            inner = path / IMAGES
            return open_images(inner if inner.is_dir() else path)
        if path.with_suffix(".zip").is_file():
            return ImageArchive(path.with_suffix(".zip"), IMAGES)
    msg = (
        f"there is no {IMAGES} (a folder, or a .zip) below {root}; put CelebA there, or name "
        "another folder with --data.init_args.root"
    )
    raise ValueError(msg)


def read_celeba(attributes: Path, partition: Path, names: tuple[str, ...]) -> ImageTable:
    """Read the attributes and the official split.

    Args:
        attributes: ``list_attr_celeba``.
        partition: ``list_eval_partition``.
        names: The label, then the other attributes.

    Raises:
        ValueError: If an attribute is unknown, a row is wrong, or the two name other images.
    """
    header, lines = _read_lines(attributes)
    if not header:
        msg = f"{attributes} has no line of names of attributes"
        raise ValueError(msg)
    for name in names:
        if name not in header:
            msg = f"{attributes} has no attribute '{name}'; it has {list(header)}"
            raise ValueError(msg)
    columns = [1 + header.index(name) for name in names]
    files, codes = [], torch.empty(len(lines), len(names), dtype=torch.long)
    # A row at a time: the cells of all attributes of all images would fill half a gigabyte.
    for row, cells in enumerate(_cells(lines, attributes)):
        files.append(cells[0])
        for column, (k, name) in enumerate(zip(columns, names, strict=True)):
            codes[row, column] = _code(cells[k], attributes, cells[0], name)
    _, lines = _read_lines(partition)
    split_of = {cells[0]: _part(cells, partition) for cells in _cells(lines, partition)}
    for these, those, what in (
        (files, split_of, f"images of {attributes} are not in {partition}"),
        (split_of, set(files), f"images of {partition} are not in {attributes}"),
    ):
        if missing := [name for name in these if name not in those]:
            msg = f"{len(missing):,} {what}: {some_of(missing)}; take both from the same version"
            raise ValueError(msg)
    splits = [split_of[name] for name in files]
    for number, split in PARTS.items():
        if split not in splits:
            msg = f"no image of {partition} is in part {number} ({split}); take the official one"
            raise ValueError(msg)
    space = AttributeSpace(tuple(Attribute(name, ("no", "yes")) for name in names), names[0])
    return ImageTable(files, codes, space, splits)


def read_persons(identity: Path, files: list[str]) -> Tensor:
    """Read ``identity_CelebA``, whose each image is: (N,) int64 numbers of persons.

    Raises:
        ValueError: If a row is wrong, or an image has none.
    """
    person_of = {cells[0]: cells[-1] for cells in _cells(_read_lines(identity)[1], identity)}
    if missing := [name for name in files if name not in person_of]:
        msg = f"{len(missing):,} images are not in {identity}: {some_of(missing)}; take the whole"
        raise ValueError(f"{msg} one, or remove it")
    persons = np.unique([person_of[name] for name in files], return_inverse=True)[1]
    return torch.from_numpy(persons)


def _read_lines(path: Path) -> tuple[list[str], list[str]]:
    """Names of the columns after the file's, empty where none are given, and the rows."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {error}"
        raise ValueError(msg) from error
    for number, line in enumerate(lines, start=1):
        if line.strip() and not _split(line):
            msg = f"line {number} of {path} has no cells, but '{line.strip()}'; remove it"
            raise ValueError(msg)
    lines = [line for line in lines if line.strip()]
    if lines and re.match(r'"?sep=', lines[0], re.IGNORECASE):  # as spreadsheets write it
        lines.pop(0)
    first, count = _split(lines[0]) if lines else [], None
    if len(first) == 1 and first[0].isdigit():
        count = _count(first[0], path)
        lines.pop(0)
    header = _split(lines.pop(0)) if lines and _place_of_file(_split(lines[0])) is None else []
    if not lines or (count is not None and count != len(lines)):
        expected = "some" if count is None else f"{count:,}, as its first line says"
        msg = f"{path} has {len(lines):,} rows, expected {expected}; it is cut short or damaged"
        raise ValueError(msg)
    row = _split(lines[0])
    before = _place_of_file(row) or 0  # numbers of rows, where pandas has saved them
    width = len(row) - before - 1
    if header and not width <= len(header) <= len(row) + before:
        msg = f"{path} names {len(header)} columns, but its first row has {len(row)} cells"
        raise ValueError(msg)
    return header[len(header) - width :], lines  # a CSV also names the column of files


def _place_of_file(cells: list[str]) -> int | None:
    """Where the name of an image stands, or None where none does."""
    return next((k for k, cell in enumerate(cells) if Path(cell).suffix.lower() in ENDINGS), None)


def _split(line: str) -> list[str]:
    return line.translate(BETWEEN).split()


def _count(text: str, path: Path) -> int:
    try:
        return int(text)
    except ValueError as error:  # some digits, as that of a square, are no number
        msg = f"the first line of {path} is '{text}', expected the number of images"
        raise ValueError(msg) from error


def _cells(lines: list[str], path: Path) -> Iterator[list[str]]:
    first, seen = _split(lines[0]), set()
    before = _place_of_file(first) or 0
    for number, line in enumerate(lines, start=1):
        cells = _split(line)
        if len(cells) != len(first):
            msg = (
                f"row {number} of {path} ('{cells[min(before, len(cells) - 1)]}') has {len(cells)} "
                f"cells, expected {len(first)}"
            )
            raise ValueError(msg)
        cells = cells[before:]
        if cells[0] in seen:
            msg = f"row {number} of {path} is of '{cells[0]}', as an earlier row is"
            raise ValueError(msg)
        seen.add(cells[0])
        yield cells


def _code(value: str, path: Path, file: str, name: str) -> int:
    code = YES.get(value.removesuffix(".0"))
    if code is None:
        msg = f"'{file}' of {path} has {name} '{value}', expected -1 and 1, or 0 and 1"
        raise ValueError(msg)
    return code


def _part(row: list[str], path: Path) -> str:
    part = PARTS.get(row[-1].removesuffix(".0"))
    if part is None:
        msg = f"'{row[0]}' of {path} is in part '{row[-1]}', expected 0 (train), 1 (val), 2 (test)"
        raise ValueError(msg)
    return part
