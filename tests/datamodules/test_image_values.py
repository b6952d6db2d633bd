"""Values of images in files that training, validation or testing lack."""

from pathlib import Path

import pytest

from datamodules.folder import ImagesWithTable
from tests.datamodules.test_folder import loaded
from tests.people import HAIR, SEX


def set_up(people: Path, folder: Path, columns: dict[str, list[str]], **options: object) -> None:
    """Set up the images of `write_people` with columns of a value for each."""
    rows = zip(*columns.values(), strict=True)
    lines = [f"{number}.png,{','.join(row)}" for number, row in enumerate(rows)]
    (folder / "table.csv").write_text("\n".join([",".join(["file", *columns]), *lines]))
    data = ImagesWithTable(people / "images", "hair", folder / "table.csv", size=8, **options)  # type: ignore[arg-type]
    data.setup()
    data.setup()  # once is told


def hair(**others: str) -> list[str]:
    """A value for each of 200 images, others by ``row_7="red"``."""
    values = [HAIR[row % 2] for row in range(200)]
    for row, value in others.items():
        values[int(row.removeprefix("row_"))] = value
    return values


PARTS = [("train", "val", "test")[row % 3] for row in range(200)]


def test_a_value_that_few_images_have_is_told_with_them(people: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the value 'red', 'white' of .*'hair'") as raised:
        set_up(
            people,
            tmp_path,
            {"hair": hair(row_1="red", row_5="red", row_7="white"), "part": PARTS},
            split_column="part",
        )
    assert str(raised.value).endswith(
        "so that it cannot be learnt; 3 of 200 images have it (1.png, 5.png, 7.png); move some to "
        "training, or leave out its rows"
    )


def test_a_column_of_dates_is_told_to_be_no_category(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [f"2024-{row // 2 % 12 + 1:02}-{row // 24 + 1:02}" for row in range(200)]
    columns = {"hair": hair(), "day": days, "part": PARTS}
    with pytest.raises(ValueError, match=r"no training image of .* has the value .*'day'") as error:
        set_up(people, tmp_path, columns, split_column="part")
    told = "if it holds dates, names or numbers, bin it, or leave it out by naming the attributes"
    assert f"; most of its 100 values are that rare: {told}" in str(error.value)
    assert told in capsys.readouterr().err  # as an audit of the table alone says


@pytest.mark.parametrize(("split", "rows"), [("val", (0, 2, 3)), ("test", (0, 1, 3))])
def test_a_value_that_a_split_lacks_is_told(
    split: str,
    rows: tuple[int, ...],
    people: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = {"hair": hair(**{f"row_{row}": "red" for row in rows}), "part": PARTS}
    set_up(people, tmp_path, columns, split_column="part")
    assert capsys.readouterr().err == (
        f"no {split} image of {people}/images has the value 'red' (2) of attribute 'hair' (in "
        f"brackets its training images): figures of {split} say nothing of it\n"
    )


def test_nothing_is_told_where_all_splits_have_all_values(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(people, tmp_path, {"hair": hair(), "part": PARTS}, split_column="part")
    assert capsys.readouterr().err == ""


def test_a_value_without_a_training_image_is_named(people: Path, tmp_path: Path) -> None:
    header, *lines = (people / "table.csv").read_text().splitlines()
    parts = ("train", "val", "test", "train")
    rows = [f"{line},{parts[k % 4]}" for k, line in enumerate(lines)]
    rows[1] = rows[1].replace("dark", "red")
    (tmp_path / "table.csv").write_text("\n".join([f"{header},part", *rows]))
    with pytest.raises(
        ValueError, match="no training image of .* has the value 'red' of .*'hair'.* move some to"
    ):
        loaded(people, table=tmp_path / "table.csv", split_column="part")
    (tmp_path / "table.csv").write_text("\n".join([header, *lines[:199], "199.png,red,m"]))
    data = ImagesWithTable(people / "images", "hair", tmp_path / "table.csv", size=8)
    data.shares = {"test": 0.5, "val": 0.49}  # two images cannot have three values
    with pytest.raises(ValueError, match="no training image of .* has the value 'blond'.*add some"):
        data.setup()


@pytest.mark.parametrize(
    ("column", "advice"), [("hair", "learn, choose another label"), ("sex", "edit, leave it out")]
)
def test_one_value_in_training_is_told(
    column: str, advice: str, people: Path, tmp_path: Path
) -> None:
    rows = ["file,hair,sex,part"]
    for row in range(200):
        part = ("train", "val", "test")[row % 3]
        cells = {"hair": HAIR[row % 2], "sex": SEX[row // 2 % 2]}
        if part == "train":
            cells[column] = {"hair": HAIR, "sex": SEX}[column][0]
        rows.append(f"{row}.png,{cells['hair']},{cells['sex']},{part}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    with pytest.raises(ValueError, match=f"same value of .* '{column}', .* nothing to {advice}"):
        loaded(people, table=tmp_path / "table.csv", split_column="part")
