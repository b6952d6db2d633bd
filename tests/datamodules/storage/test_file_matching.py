"""Which file belongs to which row of a table."""

from pathlib import Path

import pytest

from tests.datamodules.test_folder import loaded


def test_rows_and_images_are_matched(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (people / "table.csv").read_text().splitlines()
    table = tmp_path / "table.csv"
    table.write_text("\n".join(lines[:151]))
    loaded(people, table=table)
    assert "50 images in" in capsys.readouterr().err
    table.write_text("\n".join([*lines, "0.PNG,dark,m", "gone.png,dark,m"]))
    with pytest.raises(
        ValueError, match=r"2 of 202 rows have no image in .*: 0.PNG, gone.png; there is '0.png'"
    ):
        loaded(people, table=table)


def test_rows_that_are_dropped_are_counted_and_are_not_missing(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (people / "table.csv").read_text().replace("\n7.png,dark,m", "\n7.png,,m").splitlines()
    (tmp_path / "table.csv").write_text("\n".join(lines[:-1]))
    data = loaded(people, table=tmp_path / "table.csv", missing="drop")
    told = " ".join(capsys.readouterr().err.split())
    assert "1 rows of" in told
    assert "are dropped: they have no value of 'hair'" in told
    assert "1 images in" in told  # the one whose row is not there
    assert "have no row and are left out: 199.png" in told
    assert len(data.rows.files) == 198
