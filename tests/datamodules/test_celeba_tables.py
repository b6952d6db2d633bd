"""Tables of CelebA that people saved again."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules.celeba import read_celeba
from tests.datamodules.test_celeba import (
    ATTRIBUTES,
    IMAGES,
    PARTITION,
    csv,
    everything,
    read,
)


def numbered(table: str, name: str = "") -> str:
    """As pandas saves a table with the numbers of its rows."""
    first, *rows = table.splitlines()
    return "\n".join([f"{name},{first}", *(f"{k},{row}" for k, row in enumerate(rows))])


def without_names(table: str) -> str:
    """Of the partition alone, which can do without."""
    return table if "Smiling" in table else table.partition("\n")[2]


FORMS: dict[str, Callable[[str], str]] = {
    "pandas": numbered,
    "pandas, twice": lambda table: numbered(numbered(table, "Unnamed: 0")),
    "pandas, no names": lambda table: without_names(numbered(table)),
    "pandas, named": lambda table: numbered(table, "number"),
    "semicolons": lambda table: table.replace(",", ";"),
    "semicolons and quotes": lambda table: re.sub("([^,\n]+)", r'"\1"', table).replace(",", ";"),
    "semicolons from pandas": lambda table: numbered(table).replace(",", ";"),
    "tabs": lambda table: table.replace(",", "\t"),
    "sep": lambda table: "sep=;\n" + table.replace(",", ";"),
    "sep in quotes": lambda table: '"sep=,"\n' + table,
}


@pytest.mark.parametrize("form", FORMS)
def test_tables_that_were_saved_again_are_read_alike(
    form: str, faces: Path, tmp_path: Path
) -> None:
    (tmp_path / IMAGES).symlink_to(faces / IMAGES)
    for name in (ATTRIBUTES, PARTITION):
        table = csv((faces / f"{name}.txt").read_text())
        (tmp_path / f"{name}.csv").write_text(FORMS[form](table))
    assert everything(read(tmp_path)) == everything(read(faces))


def test_rows_of_a_saved_table_are_named_by_their_file(faces: Path, tmp_path: Path) -> None:
    table = tmp_path / f"{ATTRIBUTES}.csv"
    text = numbered(csv((faces / f"{ATTRIBUTES}.txt").read_text()))
    for old, new, message in (
        (",000003.jpg,", ",000002.jpg,", "row 3 of .* is of '000002.jpg', as an earlier row is"),
        ("2,000003.jpg,", "000003.jpg,", r"row 3 of .* has 8 cells, expected 9"),
        (
            "2,000003.jpg,",
            "2,000003.jpg,9,",
            r"row 3 of .* \('000003.jpg'\) has 10 cells, expected 9",
        ),
    ):
        table.write_text(text.replace(old, new))
        with pytest.raises(ValueError, match=message):
            read_celeba(table, faces / f"{PARTITION}.txt", ("Smiling",))


def test_images_that_were_saved_as_png_are_told(faces: Path, tmp_path: Path) -> None:
    for name in (ATTRIBUTES, PARTITION):
        shutil.copy(faces / f"{name}.txt", tmp_path)
    (tmp_path / IMAGES).mkdir()
    for path in (faces / IMAGES).iterdir():
        shutil.copy(path, tmp_path / IMAGES / f"{path.stem}.png")
    with pytest.raises(
        ValueError,
        match="60 of 60 rows have no image .*; there is '000001.png', name files with the endings",
    ):
        read(tmp_path).setup()
