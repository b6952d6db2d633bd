from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datamodules.storage.tables.attribute_tables import ImageTable, encode_table
from datamodules.storage.tables.table_files import read_table

CSV = "file,hair,age group\na.jpg,blond,old\nb.jpg,dark,young\nc.jpg,dark,old\n"


def encoded(path: Path, **options: object) -> ImageTable:
    chosen = {
        "label": "hair",
        "attributes": None,
        "missing": "error",
        "file_column": "file",
        "split_column": None,
    }
    return encode_table(read_table(path), path, **{**chosen, **options})  # type: ignore[arg-type]


def written(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_table_becomes_a_space_and_codes(tmp_path: Path) -> None:
    rows = encoded(written(tmp_path, CSV))
    assert rows.files == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows.space.names == ("hair", "age group")
    assert rows.space.label == "hair"
    assert [a.values for a in rows.space.attributes] == [("blond", "dark"), ("old", "young")]
    assert rows.attributes.tolist() == [[0, 0], [1, 1], [1, 0]]
    assert rows.splits is None


@pytest.mark.parametrize(
    "content",
    [
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV,
        CSV.replace("a.jpg,", '"a.jpg",').replace("old", '"old"'),
        CSV.replace(",", ", "),
        CSV.rstrip("\n"),
    ],
    ids=["CRLF", "BOM", "quotes", "spaces", "no last newline"],
)
def test_the_forms_of_text_are_read_alike(content: str, tmp_path: Path) -> None:
    rows = encoded(
        written(tmp_path, content.replace("hair, age", "hair,age").replace("e, h", "e,h"))
    )
    assert rows.attributes.tolist() == [[0, 0], [1, 1], [1, 0]]
    assert rows.files == ["a.jpg", "b.jpg", "c.jpg"]


def test_commas_quotes_and_any_script_are_kept(tmp_path: Path) -> None:
    text = 'file,hair\n"a, b.jpg","blond, ""dyed"""\n写真.jpg,黒\n'
    rows = encoded(written(tmp_path, text))
    assert rows.files == ["a, b.jpg", "写真.jpg"]
    assert rows.space.attributes[0].values == ('blond, "dyed"', "黒")


@pytest.mark.parametrize("blank", ["\n", "\r\n\r\n", "  \n", "\ufeff\n", ",,\n"])
def test_cells_below_a_blank_line_stay_text(blank: str, tmp_path: Path) -> None:
    rows = encoded(written(tmp_path, blank + "file,hair,hat\na,01,\n\nb,02,x\n"), attributes=[])
    assert rows.files == ["a", "b"]
    assert rows.space.attributes[0].values == ("01", "02")


@pytest.mark.parametrize("name", ["table.tsv", "table.parquet", "TABLE.CSV"])
def test_formats_agree(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith("parquet"):
        columns = {"file": ["a.jpg", "b.jpg", "c.jpg"], "hair": ["blond", "dark", "dark"]}
        pq.write_table(pa.table({**columns, "age group": ["old", "young", "old"]}), path)
    else:
        written(tmp_path, CSV.replace(",", "\t") if name.endswith("tsv") else CSV, name)
    assert encoded(path).attributes.tolist() == [[0, 0], [1, 1], [1, 0]]


def test_whole_numbers_are_categories_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    numbers = {"file": ["a", "b", "c"], "hair": [10, -1, 2], "beard": [1.0, 0.0, 1.0]}
    pq.write_table(pa.table({**numbers, "hat": [True, False, True]}), path)
    rows = encoded(path)
    assert [a.values for a in rows.space.attributes] == [
        ("-1", "2", "10"),
        ("0", "1"),
        ("false", "true"),
    ]
    assert rows.attributes.tolist() == [[2, 1, 1], [0, 0, 0], [1, 1, 1]]


def test_whole_numbers_with_a_point_are_the_same_in_text(tmp_path: Path) -> None:
    rows = encoded(written(tmp_path, "file,hair,hat\na,2.0,1.0\nb,10.0,1\nc,2.0,b\n"))
    assert [a.values for a in rows.space.attributes] == [("2", "10"), ("1", "1.0", "b")]
    assert rows.attributes[:, 0].tolist() == [0, 1, 0]
    path = written(tmp_path, "file,hair\na,2.0\nb,\nc,10.0\n")
    (hair,) = encoded(path, missing="unknown").space.attributes
    assert hair.values == ("10", "2", "unknown")


def test_notes_of_several_lines_are_left_alone(tmp_path: Path) -> None:
    rows = [f'{k}.jpg,{"xy"[k % 2]},"one\ntwo, {"long " * 40}"' for k in range(9_000)]
    table = encoded(written(tmp_path, "\n".join(["file,hair,notes", *rows])), attributes=[])
    assert table.files == [f"{k}.jpg" for k in range(9_000)]
    assert table.attributes[:, 0].tolist() == [k % 2 for k in range(9_000)]


def test_columns_that_nobody_names_need_not_be_readable(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {"file": ["a", "b"], "hair": ["--1", "²"], "score": [1.0, float("inf")]}
    pq.write_table(pa.table({**columns, "image": [{"bytes": b"\xff"}, {"bytes": b""}]}), path)
    rows = encoded(path, attributes=[])
    assert rows.space.attributes[0].values == ("--1", "²")
    with pytest.raises(ValueError, match="column 'image' of .* is nested"):
        encoded(path)
    raw = pa.table({"file": ["a", "b"], "hair": pa.array([b"\xff", b"a"], pa.binary())})
    pq.write_table(raw, path)
    with pytest.raises(ValueError, match=r"column 'hair' of .* \(binary\) cannot be read as text"):
        encoded(path)


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    text = "path,part,hair,a,b\nx.jpg,train,dark,1,1\ny.jpg,Test,blond,2,1\nz.jpg,1,dark,2,1\n"
    rows = encoded(
        written(tmp_path, text), attributes=["a"], file_column="path", split_column="part"
    )
    assert rows.space.names == ("hair", "a")
    assert rows.splits == ["train", "test", "val"]


GAPS = "file,hair,hat\na,dark,\nb,,yes\nc,dark,no\nd,blond,NaN\ne,blond,yes\n"


def test_missing_values_are_an_error_unless_one_says_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, GAPS)
    with pytest.raises(
        ValueError, match=r"1 rows of .*no value of 'hair', the first is row 2; set"
    ):
        encoded(path)
    dropped = encoded(path, missing="drop")
    assert dropped.files == ["c", "e"]
    assert dropped.attributes.tolist() == [[1, 0], [0, 1]]
    named = encoded(path, missing="unknown")
    assert named.space.attributes[1].values == ("no", "unknown", "yes")
    assert named.attributes[:, 1].tolist() == [1, 2, 0, 1, 2]


def test_what_tools_write_for_no_value_is_missing(tmp_path: Path) -> None:
    words = ["", " ", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "NaN", "nan", "NAN"]
    kept = ["none", "inf", "-", "unknown"]
    lines = [f"{row}.jpg,{word}" for row, word in enumerate([*words, *kept])]
    rows = encoded(written(tmp_path, "\n".join(["file,hair", *lines])), missing="drop")
    assert list(rows.space.attributes[0].values) == sorted(kept)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "file"}, "column 'file' of .*table.csv holds the names of files and can be no"),
        ({"attributes": ["file"]}, "column 'file' of .* can be no label or attribute; choose"),
        ({"attributes": ["part"], "split_column": "part"}, "column 'part' of .* holds the splits"),
    ],
)
def test_columns_of_files_and_splits_are_no_attributes(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "file,hair,part\na,x,train\nb,y,test\n")
    with pytest.raises(ValueError, match=message):
        encoded(path, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,hair\n", "has no rows"),
        ("file,hair", "table.csv has no rows"),
        ("", "table.csv has no rows"),
        ("file,hair,hair\na,b,c\n", r"two columns of the name \['hair'\]"),
        ("file,hair\na,b,c\n", r"row 1 of .*table.csv has 3 cell\(s\), expected 2 as its header"),
        ("\nfile,hair\na,b\n\nc\n", r"row 2 of .*table.csv has 1 cell\(s\), expected 2"),
        ("name,hair\na,b\n", r"no column 'file'; its columns are \['name', 'hair'\]"),
        ("file,hat\na,b\n", r"no column 'hair'"),
        ("file,hair\na,b\nc,b\n", "attribute 'hair' has 1 value"),
        ("file,hair\na,1.5\nb,2.0\n", "column 'hair' of .* holds numbers with decimals"),
        ("file,hair\n../a,b\nc,d\n", r"row 1 of .* names the file '\.\./a'; names are relative"),
        ("file,hair\na,b\n/etc/passwd,d\n", "row 2 of .* names the file '/etc/passwd'; names"),
        ("file,hair\nC:\\a.jpg,b\nc,d\n", "row 1 of .*stay below it"),
        ("file,hair\na,b\nc,d\na,d\n", "row 3 of .* names the file 'a', as an earlier row does"),
        ("file,hair\na,b\n,d\n", "row 2 of .* names no file"),
        (b"file,hair\na,b\nc,\xff\xfe\n", "row 2 of .*table.csv is not UTF-8; save it as UTF-8"),
        (b"file,hair\n" + b"a,b\n" * 9_000 + b"c,\xe4\n", "row 9001 of .* is not UTF-8"),
        (
            'file,hair\na,x\nb,"y\nc,x\nd,y\n',
            "row 2 of .* has a 'hair' of several lines; is a quote",
        ),
        (
            'file,hair,notes\na,x,"one\ntwo"\nb,y,"she said\nc,x,\nd,y,\n',
            "row 2 of .* has a 'notes' of several lines; is a quote",
        ),
        (
            'file,hair,notes\na,x,"she said\nb,y,\nc,x,"he said"\n',
            "row 1 of .* has a 'notes' of several lines; is a quote",
        ),
        ('file,hair\na,"x"y\nb,y\n', "row 1 of .* cannot be read: ',' expected after"),
        ('"file\na\nb\n', "the header of .* cannot be read"),
        (
            "file,hair,\na,x,0\nb,y,1\n",
            "column 3 of .*table.csv has no name, but a value in row 1, '0'",
        ),
        ("file," + "x" * 200_000 + "\n1,2\n", "cannot be read.*field larger"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        encoded(written(tmp_path, content))


def test_ten_thousand_values_are_no_attribute(tmp_path: Path) -> None:
    rows = "".join(f"{i}.jpg,person {i}\n" for i in range(10_000))
    with pytest.raises(ValueError, match=r"column 'hair' of .* has 10,000 different values"):
        encoded(written(tmp_path, "file,hair\n" + rows))


def test_a_split_of_another_name_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "file,hair,part\na,b,train\nc,d,holdout\n")
    with pytest.raises(ValueError, match=r"row 2 of .* has the split 'holdout', expected one of"):
        encoded(path, split_column="part")


def test_nested_and_foreign_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"file": ["a"], "hair": [["b", "c"]]}), path)
    with pytest.raises(ValueError, match=r"column 'hair' of .* is nested \(list"):
        encoded(path)
    with pytest.raises(ValueError, match=r"table.xlsx is no table.*expected a .csv"):
        encoded(written(tmp_path, "x", "table.xlsx"))
    with pytest.raises(ValueError, match="cannot be read"):
        encoded(written(tmp_path, "PAR1 or not", "u.parquet"))
    with pytest.raises(ValueError, match=r"nowhere.csv cannot be read"):
        encoded(tmp_path / "nowhere.csv")


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"hair;x": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(
        ValueError, match="no column 'file'.*; name the one of the files with file_"
    ):
        encoded(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"no column 'beard'; its columns are \[.*\]$"):
        encoded(written(tmp_path, CSV), label="beard")


def test_a_column_of_splits_is_no_attribute_by_accident(tmp_path: Path) -> None:
    lines = zip(CSV.splitlines(), ("set", "Train", "test", ""), strict=True)
    path = written(tmp_path, "\n".join(f"{line},{cell}" for line, cell in lines))
    with pytest.raises(ValueError, match=r"column 'set' of .* holds splits \(train, test\)"):
        encoded(path, missing="none")
    assert encoded(path, attributes=["set"], missing="none").space.names == ("hair", "set")
    assert encoded(path, attributes=["age group"]).space.names == ("hair", "age group")


def test_the_index_of_pandas_is_no_attribute(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, CSV)).append_column(
        "__index_level_0__", pa.array([4, 2, 0])
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert encoded(tmp_path / "t.parquet").space.names == ("hair", "age group")
    names = pa.table({"hair": ["x", "y"], "__index_level_0__": ["a.png", "b.png"]})
    pq.write_table(names, tmp_path / "t.parquet")
    rows = encoded(tmp_path / "t.parquet", file_column="__index_level_0__")
    assert rows.files == ["a.png", "b.png"]
    assert rows.space.names == ("hair",)
