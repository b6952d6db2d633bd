"""Images of one person are in one split."""

import shutil
from pathlib import Path

import pytest
import torch

from datamodules.celeba import CelebA
from datamodules.folder import ImagesWithTable
from tests.datamodules.test_folder import loaded


def with_persons(people: Path, folder: Path, persons: list[str], **columns: list[str]) -> Path:
    """The table of `write_people` with more columns."""
    names = ["person", *columns]
    cells = zip(persons, *columns.values(), strict=True)
    lines = (people / "table.csv").read_text().splitlines()
    rows = [",".join(names), *(",".join(row) for row in cells)]
    table = folder / "persons.csv"
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, rows, strict=True)))
    return table


FIVE_EACH = [f"p{row // 5}" for row in range(200)]


def rows_of(data: ImagesWithTable, split: str) -> list[int]:
    files: list[str] = data.splits[split].files  # type: ignore[attr-defined]
    return [int(name.removesuffix(".png")) for name in files]


@pytest.mark.parametrize("seed", range(5))
def test_no_person_is_in_two_splits(seed: int, people: Path, tmp_path: Path) -> None:
    table = with_persons(people, tmp_path, FIVE_EACH)
    data = loaded(people, table=table, group_column="person", seed=seed)
    assert data.attribute_space.names == ("hair", "sex")  # the person is no attribute
    splits = {name: rows_of(data, name) for name in ("train", "val", "test_confounded")}
    assert sorted(row for rows in splits.values() for row in rows) == list(range(200))
    persons = [{row // 5 for row in rows} for rows in splits.values()]
    assert sum(map(len, persons)) == 40
    assert [len(rows) for rows in splits.values()] == pytest.approx([140, 20, 40], abs=5)
    test = data.splits["test"]
    rows = torch.tensor(rows_of(data, "test"))
    same = test.clusters()[:, None] == test.clusters()
    assert torch.equal(same, (rows // 5)[:, None] == rows // 5)
    # Without the column an image is a person of its own, and then some have images in two splits.
    alone = loaded(people, table=table, attributes=["sex"], seed=seed)
    assert torch.equal(alone.splits["test"].clusters(), torch.tensor(rows_of(alone, "test")))
    assert {row // 5 for row in rows_of(alone, "train")} & {
        row // 5 for row in rows_of(alone, "test")
    }


def test_splits_of_the_table_that_tear_a_person_are_refused(people: Path, tmp_path: Path) -> None:
    parts = [("train", "val", "test", "train")[row // 5 % 4] for row in range(200)]
    options = {"split_column": "part", "group_column": "person"}
    table = with_persons(people, tmp_path, FIVE_EACH, part=parts)
    data = loaded(people, table=table, **options)
    assert rows_of(data, "val") == [row for row in range(200) if parts[row] == "val"]
    parts[5], parts[81], parts[82] = "train", "val", "test"
    table = with_persons(people, tmp_path, FIVE_EACH, part=parts)
    with pytest.raises(ValueError, match="persons.csv") as raised:
        loaded(people, table=table, **options)
    assert str(raised.value) == (
        f"'p1' of column 'person' of {table} is in train and val, and 2 of its 40 values are in "
        "more than one split; give all images of one the same split, or leave out split_column, "
        "and splits are drawn so"
    )


def test_an_image_of_nobody_is_refused_or_dropped(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    persons = [*FIVE_EACH[:7], "", *FIVE_EACH[8:20], "NA", *FIVE_EACH[21:]]
    table = with_persons(people, tmp_path, persons)
    for missing in ("error", "unknown"):
        with pytest.raises(
            ValueError, match="2 rows of .* no value of 'person', the group_column, .* row 8; write"
        ):
            loaded(people, table=table, group_column="person", missing=missing)
    data = loaded(people, table=table, group_column="person", missing="drop")
    assert len(data.rows.files) == 198
    assert "2 rows of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group_column": "patient"}, "has no column 'patient'"),
        ({"label": "person"}, "column 'person' of .* holds the groups and can be no label or attr"),
        ({"attributes": ["person"]}, "column 'person' of .* can be no label or attribute; choose"),
        ({"group_column": "file"}, "group_column is 'file', which holds the names of files of"),
        ({"table": None}, "group_column is for a table, and none is named"),
    ],
)
def test_wrong_columns_are_refused(
    options: dict[str, object], message: str, people: Path, tmp_path: Path
) -> None:
    table = with_persons(people, tmp_path, FIVE_EACH)
    with pytest.raises(ValueError, match=message):
        loaded(people, **{"table": table, "group_column": "person", **options})


def test_two_persons_cannot_be_in_three_splits(people: Path, tmp_path: Path) -> None:
    table = with_persons(people, tmp_path, ["a", "b"] * 100)
    with pytest.raises(ValueError, match=r"has 2 different value\(s\), expected at least 3"):
        loaded(people, table=table, group_column="person")


def test_a_weak_test_set_and_what_splits_lack_are_told_once(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (people / "table.csv").read_text().splitlines()
    kept = [line for line in lines if not line.endswith(("blond,m", "dark,f"))]
    table = tmp_path / "table.csv"
    table.write_text("\n".join([*kept, "0.png,blond,m"]))
    data = loaded(people, table=table)
    data.setup()
    told = capsys.readouterr().err.splitlines()
    lacking = [line for line in told if "of the 3 combinations of hair/sex" in line]
    assert len(lacking) == 1
    assert lacking[0].endswith(
        "1 have no train image, blond/m (1); 1 have no val image, blond/m (1)"
    )
    (weak,) = [line for line in told if line.startswith("figures of the resampled test set")]
    assert "hair still goes with sex (V 0." in weak
    assert "for it has no image of (hair=dark, sex=f)" in weak


def test_persons_of_celeba_are_read_where_they_are(faces: Path, tmp_path: Path) -> None:
    root = shutil.copytree(faces, tmp_path / "celeba")
    data = CelebA(root, "Smiling", ("Beard",), size=16)
    assert data.rows.clusters is None
    names = data.rows.files
    lines = [f"{name} {9 - row % 7}" for row, name in reversed(list(enumerate(names)))]
    (root / "identity_CelebA.txt").write_text("\n".join(lines))
    data = CelebA(root, "Smiling", ("Beard",), size=16)
    data.setup()
    test = data.splits["test"]
    rows = test.index(torch.arange(len(test)))
    assert torch.equal(test.clusters()[:, None] == test.clusters(), (rows % 7)[:, None] == rows % 7)
    (root / "identity_CelebA.txt").write_text("\n".join(lines[:-1]))
    with pytest.raises(ValueError, match=r"1 images are not in .*identity_CelebA.txt: 000001.jpg"):
        CelebA(root, "Smiling", ("Beard",), size=16)
