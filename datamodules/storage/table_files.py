"""Tables as files: CSV, TSV or Parquet in, columns of text out."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def read_table(path: Path) -> pa.Table:
    """Read a table.

    Args:
        path: A file whose name ends in .csv, .tsv or .parquet; text is UTF-8 with a header.

    Returns:
        The table; of text, all columns are strings.

    Raises:
        ValueError: If it cannot be read, is empty or names a column twice.
    """
    suffix = path.suffix.lower()
    if suffix not in {*_DELIMITERS, ".parquet"}:
        msg = f"{path} is no table that can be read; expected a .csv, .tsv or .parquet"
        raise ValueError(msg)
    try:
        table = _read_text(path) if suffix in _DELIMITERS else pq.read_table(path)
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        msg = f"the table {path} cannot be read: {error}"
        raise ValueError(msg) from error
    if twice := sorted({name for name in table.column_names if table.column_names.count(name) > 1}):
        msg = f"the table {path} has two columns of the name {twice}; rename one"
        raise ValueError(msg)
    if "" in (names := [name.strip() for name in table.column_names]):
        msg = f"column {names.index('') + 1} of the table {path} has no name; name it, or remove it"
        raise ValueError(msg)
    if not table.num_rows:
        msg = f"the table {path} has no rows"
        raise ValueError(msg)
    return table


def _read_text(path: Path) -> pa.Table:
    delimiter = _DELIMITERS[path.suffix.lower()]
    try:
        is_quoted = b'"' in path.read_bytes()
        if is_quoted:
            _refuse_open_quote(path, delimiter)
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, delimiter=delimiter)
            rows = _from_header(lines)
            names = next(rows, [])
            above = lines.line_num
            if not any(rows):
                return pa.table({})
        return pa_csv.read_csv(
            path,
            # Named here, so that a column of zeros and ones stays the text that it is.
            read_options=pa_csv.ReadOptions(column_names=names, skip_rows=above),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=is_quoted),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        _refuse_wrong_row(path, delimiter)
        raise


def _from_header(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Without the blank lines above the header."""
    return dropwhile(lambda cells: not any(map(str.strip, cells)), rows)


def _rows(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    """The header and the rows below it, without blank lines."""
    return filter(None, _from_header(csv.reader(lines, delimiter=delimiter, strict=strict)))


def _refuse_open_quote(path: Path, delimiter: str) -> None:
    """Name the row of a quote that is not closed, which would take the next rows for its cell."""
    header: list[str] = []
    row = 0  # the header
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            for cells in _rows(file, delimiter, strict=True):
                header, row = header or cells, row + 1
        except csv.Error as error:
            file.seek(0)
            cells = next(islice(_rows(file, delimiter), row, None))
            name = next((n for n, cell in zip(header, cells, strict=False) if "\n" in cell), None)
            where = f"row {row} of {path}" if row else f"the header of {path}"
            what = f"has a '{name}' of several lines" if name else f"cannot be read: {error}"
            msg = f"{where} {what}; is a quote left open there?"
            raise ValueError(msg) from error


def _refuse_wrong_row(path: Path, delimiter: str) -> None:
    """Name the first row of a text that is not UTF-8, or not as wide as the header."""
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    rows = _rows((line.decode() for line in lines), delimiter)
    row, header = 0, list[str]()  # the header is row 0
    try:
        for cells in rows:
            header = header or cells
            if len(cells) != len(header):
                msg = (
                    f"row {row} of {path} has {len(cells)} cell(s), expected {len(header)} as its "
                    f"header{_other_delimiter(path, header)}"
                )
                raise ValueError(msg)
            row += 1
    except UnicodeDecodeError as error:
        msg = f"{f'row {row}' if row else 'the header'} of {path} is not UTF-8; save it as UTF-8"
        raise ValueError(msg) from error


def _other_delimiter(path: Path, header: Sequence[str]) -> str:
    """What to tell of a text whose cells are not parted as its name says."""
    wanted = _DELIMITERS.get(path.suffix.lower())
    found = next((mark for mark in ";\t,|" if mark in header[0]), None)
    if len(header) > 1 or not wanted or not found:
        return ""
    return f"; its cells seem to be parted by {found!r}, expected {wanted!r}"
