"""Tables as text: CSV or TSV in, columns of strings out."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from io import BytesIO, TextIOWrapper
from itertools import dropwhile, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""What parts cells, unless a first line ``sep=;`` or the header shows another."""


def read_text_table(path: Path) -> pa.Table:
    """Read a table of text.

    UTF-16 is read where the file begins with its mark, as spreadsheets write it. A delimiter that
    ends each line makes columns without a name; rows of empty cells at the end are left out.

    Args:
        path: A file whose name ends in one of `DELIMITERS`.

    Returns:
        The table, all of strings; without columns where the file has no row.

    Raises:
        ValueError: If it is no text, or a row cannot be read; the message names it.
    """
    content = _utf8(path.read_bytes())
    if b"\0" in content:
        msg = f"{path} is no text in UTF-8, for it has bytes of 0; save it anew as UTF-8"
        raise ValueError(msg)
    try:
        content, delimiter = _delimiter(content, DELIMITERS[path.suffix.lower()])
        is_quoted = b'"' in content
        if is_quoted:
            _refuse_open_quote(path, content, delimiter)
        lines = csv.reader(_lines(content), delimiter=delimiter)
        rows = _from_header(lines)
        header = next(rows, [])
        above = lines.line_num
        first = next(filter(None, rows), None)
        if first is None:
            return pa.table({})
        names = _fitted(header, first)
        table = pa_csv.read_csv(
            pa.BufferReader(content),
            # Named here, so that a column of zeros and ones stays the text that it is.
            read_options=pa_csv.ReadOptions(column_names=names, skip_rows=above),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=is_quoted),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        _refuse_wrong_row(path, content, delimiter)
        raise
    return _without_blank_end(table)


def _utf8(content: bytes) -> bytes:
    """The content in UTF-8, without a mark of its encoding."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16").encode()
    return content.removeprefix(codecs.BOM_UTF8)


def _delimiter(content: bytes, usual: str) -> tuple[bytes, str]:
    """The content without a line ``sep=;``, and what parts its cells.

    A header of one cell that holds another delimiter shows that one: in much of Europe spreadsheets
    write CSVs with semicolons.
    """
    if told := re.match(rb'"?sep=([,;|\t])"?(\r\n|\n|\r)', content, re.IGNORECASE):
        return content[told.end() :], told[1].decode()
    header = next(_rows(_lines(content, errors="replace"), usual), [""])
    others = (mark for mark in ";\t,|" if len(header) == 1 and mark in header[0])
    return content, next(others, usual)


def _lines(content: bytes, errors: str = "strict") -> TextIOWrapper:
    return TextIOWrapper(BytesIO(content), encoding="utf-8", errors=errors, newline="")


def _from_header(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Without the blank lines above the header."""
    return dropwhile(lambda cells: not any(map(str.strip, cells)), rows)


def _rows(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    """The header and the rows below it, without blank lines."""
    return filter(None, _from_header(csv.reader(lines, delimiter=delimiter, strict=strict)))


def _fitted(header: Sequence[str], first: Sequence[str]) -> list[str]:
    """A name for each cell of the first row, where only empty cells tell header and row apart."""
    names = [name.strip() for name in header]
    more = len(first) - len(names)
    if more > 0 and not any(map(str.strip, first[len(names) :])):
        return names + [""] * more
    return names[:more] if more < 0 and not any(names[more:]) else names


def _without_blank_end(table: pa.Table) -> pa.Table:
    """Without the rows of empty cells at the end, which spreadsheets write."""
    if any(column[-1].as_py().strip() for column in table.columns):
        return table
    filled = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in table.columns]
    rows = pc.indices_nonzero(reduce(pc.or_, filled))
    return table.slice(0, rows[-1].as_py() + 1 if len(rows) else 0)


def _refuse_open_quote(path: Path, content: bytes, delimiter: str) -> None:
    """Name the row of a quote that is not closed, which would take the next rows for its cell."""
    header: list[str] = []
    row = 0  # the header
    try:
        for cells in _rows(_lines(content), delimiter, strict=True):
            header, row = header or cells, row + 1
    except csv.Error as error:
        cells = next(islice(_rows(_lines(content), delimiter), row, None))
        name = next((n for n, cell in zip(header, cells, strict=False) if "\n" in cell), None)
        where = f"row {row} of {path}" if row else f"the header of {path}"
        what = f"has a '{name}' of several lines" if name else f"cannot be read: {error}"
        msg = f"{where} {what}; is a quote left open there?"
        raise ValueError(msg) from error


def _refuse_wrong_row(path: Path, content: bytes, delimiter: str) -> None:
    """Name the first row of a text that is not UTF-8, or not as wide as the header."""
    lines = content.splitlines(keepends=True)
    rows = _rows((line.decode() for line in lines), delimiter)
    row, header, width = 0, list[str](), 0  # the header is row 0
    try:
        for cells in rows:
            if row == 1:
                width = len(_fitted(header, cells))
            header = header or cells
            if row and len(cells) != width:
                like = "header" if width == len(header) else "first row"
                msg = (
                    f"row {row} of {path} has {len(cells)} cell(s), expected {width} as its {like}"
                )
                raise ValueError(msg)
            row += 1
    except UnicodeDecodeError as error:
        msg = f"{f'row {row}' if row else 'the header'} of {path} is not UTF-8; save it as UTF-8"
        raise ValueError(msg) from error
