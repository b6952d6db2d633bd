"""Tables as files: CSV, TSV or Parquet."""

import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datamodules.notices import tell
from datamodules.storage.tables.text_tables import DELIMITERS, read_text_table


def read_table(path: Path) -> pa.Table:
    """Read a table.

    Columns without a name that hold nothing, or number the rows, are left out with a notice.

    Args:
        path: A file whose name ends in .csv, .tsv or .parquet; text has a header.

    Returns:
        The table; of text, all columns are strings.

    Raises:
        ValueError: If it cannot be read, is empty, names a column twice, or has values without a
            name.
    """
    suffix = path.suffix.lower()
    if suffix not in {*DELIMITERS, ".parquet"}:
        msg = (
            f"{path} is no table that can be read; expected a .csv, .tsv or .parquet: save a "
            "spreadsheet as CSV, call a text with tabs .tsv"
        )
        raise ValueError(msg)
    try:
        table = read_text_table(path) if suffix in DELIMITERS else pq.read_table(path)
        table = _without_nameless(table, path)
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        msg = f"the table {path} cannot be read: {error}"
        raise ValueError(msg) from error
    if twice := sorted({name for name in table.column_names if table.column_names.count(name) > 1}):
        msg = f"the table {path} has two columns of the name {twice}; rename one"
        raise ValueError(msg)
    if not table.num_rows:
        msg = f"the table {path} has no rows"
        raise ValueError(msg)
    return table


def _without_nameless(table: pa.Table, path: Path) -> pa.Table:
    """Without the columns that have no name, or the one that pandas gives for none.

    Raises:
        ValueError: If one has no name but values, unless it comes first and numbers the rows.
    """
    empty, kept = list[int](), list[int]()
    for number, name in enumerate(table.column_names):
        if name.strip() and not re.fullmatch(r"Unnamed: \d+", name):
            kept.append(number)
            continue
        cells = pc.utf8_trim_whitespace(pc.fill_null(table[number].cast(pa.string()), ""))
        row = pc.index(pc.not_equal(cells, ""), True).as_py()
        if row < 0:
            empty.append(number + 1)
        elif number == 0 and _are_row_numbers(cells):
            tell(f"column 1 of {path} has no name and numbers the rows; it is left out")
        elif name.strip():
            kept.append(number)
        else:
            msg = (
                f"column {number + 1} of the table {path} has no name, but a value in row "
                f"{row + 1}, '{cells[row]}'; name it, or remove it"
            )
            raise ValueError(msg)
    if empty and table.num_rows:
        numbers = ", ".join(map(str, empty))
        tell(f"columns of {path} without a name and without a value are left out: {numbers}")
    return table.select(kept)


def _are_row_numbers(cells: pa.ChunkedArray) -> bool:
    """Whether they are as pandas and R write them: whole numbers, each once."""
    whole = pc.all(pc.match_substring_regex(cells, "^[0-9]+$")).as_py()
    return whole and len(cells.unique()) == len(cells)
