"""Tables as spreadsheets, pandas and R write them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datamodules.storage.tables.table_files import read_table
from tests.datamodules.storage.tables.test_attribute_tables import CSV, encoded, written

ROWS = {"file": ["a.jpg", "b.jpg", "c.jpg"], "hair": ["blond", "dark", "dark"]}
TEXT = "file,hair\na.jpg,blond\nb.jpg,dark\nc.jpg,dark\n"


def ended(text: str, end: str, *, header: bool = True) -> str:
    """The text with more at the end of each line, or of each but the header."""
    first, *rest = text.splitlines()
    return "\n".join([first + (end if header else ""), *(line + end for line in rest)]) + "\n"


@pytest.mark.parametrize(
    ("content", "name", "left_out"),
    [
        (ended(TEXT, ","), "t.csv", "3"),
        (ended(TEXT, ",", header=False), "t.csv", "3"),
        (TEXT.replace("hair\n", "hair,\n"), "t.csv", ""),  # a comma after the header alone
        (ended(TEXT, ",,,"), "t.csv", "3, 4, 5"),
        (ended(TEXT, ', ,""', header=False), "t.csv", "3, 4"),
        (ended(TEXT.replace(",", "\t"), "\t"), "t.tsv", "3"),
        (ended(TEXT, ",").replace("hair,\n", "hair,Unnamed: 2\n"), "t.csv", "3"),
        (TEXT.replace(",", ",,").replace("hair", " hair "), "t.csv", "2"),
    ],
)
def test_columns_of_nothing_are_left_out(
    content: str, name: str, left_out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_table(written(tmp_path, content, name)).to_pydict() == ROWS
    told = f"columns of {tmp_path / name} without a name and without a value are left out: "
    assert capsys.readouterr().err == (f"{told}{left_out}\n" if left_out else "")


def test_a_row_that_ends_otherwise_is_named(tmp_path: Path) -> None:
    for ending, wanted in ((",", "expected 2 as its header"), ("", "expected 3 as its first row")):
        content = ended(TEXT, "" if ending else ",", header=False).splitlines()
        content[2] = f"b.jpg,dark{ending}"
        with pytest.raises(ValueError, match=rf"row 2 of .* has \d cell\(s\), {wanted}$"):
            read_table(written(tmp_path, "\n".join(content)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ended(TEXT, ",").replace("dark,", "dark,x", 1), "column 3 of .* a value in row 2, 'x'"),
        (TEXT.replace("file", ""), "column 1 of .* has no name, but a value in row 1, 'a.jpg'; na"),
        (",file,hair\n0,a.jpg,x\n0,b.jpg,y\n", "column 1 of .* no name, but a value in row 1, '0'"),
        ("file,\na.jpg,0\nb.jpg,1\n", "column 2 of .* no name, but a value in row 1, '0'"),
    ],
)
def test_values_without_a_name_are_named(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(written(tmp_path, content))


@pytest.mark.parametrize("name", ["", '""', "Unnamed: 0"])
@pytest.mark.parametrize("numbers", ["012", "123", "420"], ids=["pandas", "R", "shuffled"])
def test_numbers_of_rows_are_left_out(
    name: str, numbers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = zip([name, *numbers], TEXT.splitlines(), strict=True)
    path = written(tmp_path, "\n".join(",".join(line) for line in lines))
    assert read_table(path).to_pydict() == ROWS
    told = f"column 1 of {path} has no name and numbers the rows; it is left out\n"
    assert capsys.readouterr().err == told


def test_what_pandas_named_for_lack_of_a_name_stays_if_it_says_something(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("file", "Unnamed: 0"))
    assert encoded(path, file_column="Unnamed: 0").files == ["a.jpg", "b.jpg", "c.jpg"]


def test_columns_without_a_name_in_parquet_are_left_out_too(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"": [2, 0, 1], **ROWS, " ": pa.nulls(3)}), path)
    assert read_table(path).to_pydict() == ROWS


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
@pytest.mark.parametrize("first", ["", "sep={}\n", '"sep={}"\r\n', "\ufeffSEP={}\n"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_cells_parted_otherwise_are_read(mark: str, first: str, name: str, tmp_path: Path) -> None:
    path = written(tmp_path, first.format(mark) + TEXT.replace(",", mark), name)
    assert read_table(path).to_pydict() == ROWS


def test_a_comma_stays_in_a_cell_of_european_spreadsheets(tmp_path: Path) -> None:
    text = 'file;hair;size;weight\na.jpg;"dark; long";1,0;1,000\nb.jpg;fair, short;2,0;2,000\n'
    rows = encoded(written(tmp_path, text))
    assert [attribute.values for attribute in rows.space.attributes] == [
        ("dark; long", "fair, short"),
        ("1", "2"),
        ("1,000", "2,000"),
    ]
    with pytest.raises(ValueError, match=r"row 2 of .* has 2 cell\(s\), expected 3 as its header"):
        read_table(written(tmp_path, "sep=;\nfile;hair;size\na;b;c\na;b\n"))


@pytest.mark.parametrize("mark", ["utf-16", "utf-16-be"])
def test_unicode_text_of_spreadsheets_is_read(mark: str, tmp_path: Path) -> None:
    text = TEXT.replace("blond", "金色").replace("\n", "\r\n").replace(",", "\t")
    content = (text if mark == "utf-16" else "\ufeff" + text).encode(mark)
    table = read_table(written(tmp_path, content, "t.csv"))
    assert table.to_pydict() == {**ROWS, "hair": ["金色", "dark", "dark"]}
    with pytest.raises(ValueError, match=r"t.csv cannot be read: .*utf-16"):
        read_table(written(tmp_path, content[:-1], "t.csv"))


@pytest.mark.parametrize("content", [TEXT.encode("utf-16-le"), TEXT.encode() + bytes(9)])
def test_what_is_no_text_is_told(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="t.csv is no text in UTF-8, for it has bytes of 0; save"):
        read_table(written(tmp_path, content, "t.csv"))


def test_blank_rows_at_the_end_are_no_rows(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, TEXT + ",\n" * 5_000 + ' ,""\n\n'))
    assert table.to_pydict() == ROWS
    with pytest.raises(ValueError, match="row 2 of .* names no file"):
        encoded(written(tmp_path, TEXT.replace("b.jpg,dark", ",") + ",\n,\n"))
    with pytest.raises(ValueError, match=r"t.csv has no rows$"):
        read_table(written(tmp_path, "file,hair\n,\n,\n", "t.csv"))


def test_spaces_around_names_of_columns_are_left_out(tmp_path: Path) -> None:
    rows = encoded(written(tmp_path, CSV.replace("hair,age group", "hair , age group\u00a0")))
    assert rows.space.names == ("hair", "age group")


def test_failed_formulas_are_no_values(tmp_path: Path) -> None:
    errors = ["#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#N/A"]
    lines = [f"{row}.jpg,{cell}" for row, cell in enumerate(["x", "y", *errors])]
    path = written(tmp_path, "\n".join(["file,hair", *lines]))
    with pytest.raises(
        ValueError, match="7 rows of .* have no value of 'hair', the first is row 3"
    ):
        encoded(path)


def test_one_value_in_several_spellings_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = encoded(written(tmp_path, "file,hair\na,Dark\nb,dark\nc,fair  hair\nd,fair hair\n"))
    assert rows.space.cardinalities == (4,)
    told = capsys.readouterr().err
    assert "column 'hair' of" in told
    assert "each taken for one of its own: 'Dark', 'dark'\n" in told
    assert told.endswith("each taken for one of its own: 'fair  hair', 'fair hair'\n")


def test_a_column_of_mostly_rare_values_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{row}.jpg,{'xy'[row % 2]},2024-01-{row % 28 + 1:02}" for row in range(40)]
    encoded(written(tmp_path, "\n".join(["file,hair,day", *lines])))
    told = capsys.readouterr().err
    assert told.startswith("most of the 28 values of column 'day' of ")
    assert told.endswith(
        "are in one or two rows ('2024-01-01', '2024-01-02', '2024-01-03' ...): if it holds dates, "
        "names or numbers, bin it, or leave it out by naming the attributes\n"
    )


def test_a_foreign_file_is_told_how_to_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save a spreadsheet as CSV, call a text with tabs .tsv"):
        read_table(tmp_path / "t.xlsx")
