"""Tables of text in, an attribute space and codes out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from datamodules.attributes import Attribute, AttributeSpace
from datamodules.notices import some_of, tell
from datamodules.storage.tables.categories import Categories, merge_values
from datamodules.storage.tables.dividing_columns import (
    SPLITS,
    check_splits,
    number_clusters,
    refuse_splits,
    require_all_named,
)

MOST_VALUES = 100
"""An attribute with more values is taken for a number, a name or a date."""

FEW_VALUES = 10
"""So many values are categories, however few rows have them."""

NO_CATEGORY = (
    "if it holds dates, names or numbers, bin it, or leave it out by naming the attributes"
)
"""What to do with a column most of whose values are rare, for messages."""

MISSING = [
    *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>"),
    *("NaN", "nan", "NAN", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    *("NULL", "Null", "null", "None"),
    *("#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"),
]
"""Cells without a value, those of pandas, two spellings more, failed formulas of spreadsheets."""


@dataclass(frozen=True)
class ImageTable:
    """What a table says of images.

    Args:
        files: (N,) names of the files; empty where no column of files was asked for.
        attributes: (N, K) int64 codes.
        space: The attributes.
        splits: (N,) names of the splits, or None where no column of splits was asked for.
        dropped: Names of the files of rows that were dropped for lack of a value.
        clusters: (N,) int64, the number of the person (or whatever else is in one split alone) that
            each image is of, or None where no column says.
    """

    files: list[str]
    attributes: Tensor
    space: AttributeSpace
    splits: list[str] | None
    dropped: Sequence[str] = ()
    clusters: Tensor | None = None


def _as_text(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_nested(kind):
        msg = f"column '{name}' of {path} is nested ({kind}), expected one value in each cell"
        raise ValueError(msg)
    try:
        if pa.types.is_floating(kind):
            column = column.cast(pa.float64())
            column = pc.if_else(pc.is_nan(column), None, column)
            small = pc.less(pc.abs(column), 2.0**53)  # as text, whole numbers without a point
            if pc.all(pc.and_(small, pc.equal(column, pc.round(column)))).as_py():
                column = column.cast(pa.int64())
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    except pa.ArrowException as error:
        msg = f"column '{name}' of {path} ({kind}) cannot be read as text: {error}"
        raise ValueError(msg) from error
    row = pc.index(pc.match_substring_regex(text, r"[\r\n]"), True).as_py()
    if row >= 0:
        msg = (
            f"row {row + 1} of {path} has a '{name}' of several lines; is a quote left open there?"
        )
        raise ValueError(msg)
    return _without_point(pc.if_else(pc.is_in(text, pa.array(MISSING)), None, text))


def _without_point(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers that were written with a point, ``1.0``, as Parquet's are read: ``1``.

    Or with a comma, ``1,0``, but not with three zeros, which are thousands elsewhere.
    """
    if pc.all(pc.match_substring_regex(column, r"^-?[0-9]+(\.0+|,00?)$")).as_py():
        return pc.replace_substring_regex(column, r"[.,]0+$", "")
    return column


def encode_table(
    table: pa.Table,
    path: Path,
    label: str,
    attributes: Sequence[str] | None,
    missing: str,
    file_column: str | None,
    split_column: str | None,
    group_column: str | None = None,
    categories: Categories | None = None,
) -> ImageTable:
    """Turn text into codes.

    Args:
        table: What `read_table` read; cells of `MISSING` have no value.
        path: Where it was read from, for messages.
        label: Column of the label.
        attributes: Columns of the other attributes; None for all that are left.
        missing: ``error``, ``drop`` the rows, or the name of a value for cells without one.
        file_column: Column of file names, or None to do without.
        split_column: Column of splits, or None to do without.
        group_column: Column of what images belong to, such as a person, or None to do without.
        categories: For some attributes the categories that take the place of values, see
            `merge_values`.

    Returns:
        The rows in their order; of each attribute the values are in the order of its categories, or
        in alphabetical order, or in that of numbers where all are whole numbers.

    Raises:
        ValueError: If a column or a value is missing, or no category; the message names it.
    """
    held = {group_column: "groups", file_column: "names of files", split_column: "splits"}
    reserved = {name: what for name, what in held.items() if name is not None}
    if group_column is not None and group_column in (file_column, split_column):
        msg = (
            f"group_column is '{group_column}', which holds the {held[group_column]} of {path}; "
            "name the column of what images belong to, or leave it out"
        )
        raise ValueError(msg)
    rest = [
        name
        for name in table.column_names
        # What pandas calls numbers of rows that have no name.
        if name not in {label, *reserved} and not re.fullmatch(r"__index_level_\d+__", name)
    ]
    others = rest if attributes is None else attributes
    chosen = [label, *(name for name in others if name != label)]
    for name in (*reserved, *chosen):
        if name not in table.column_names:
            msg = f"the table {path} has no column '{name}'; its columns are {table.column_names}"
            hint = "; name the one of the files with file_column" if name == file_column else ""
            raise ValueError(msg + hint)
        if name in reserved and name in chosen:
            what = reserved[name]
            msg = f"column '{name}' of {path} holds the {what} and can be no label or attribute"
            raise ValueError(f"{msg}; choose another")
    table = pa.table({name: _as_text(path, name, table[name]) for name in [*reserved, *chosen]})
    if attributes is None:
        refuse_splits(table, path, rest)
    # Before rows are dropped, so that messages count rows as the file does.
    if file_column:
        _check_files(table[file_column], path)
    if split_column:
        check_splits(table[split_column], path)
    named = table[file_column].to_pylist() if file_column else []
    filled = chosen
    if group_column:
        if missing != "drop":
            require_all_named(table[group_column], path, group_column)
        filled = [*chosen, group_column]
    merged = categories or {}
    if missing == "error":  # as long as rows are counted as the file does
        table = _without_missing(table, path, filled, missing)
    table = merge_values(table, path, merged) if merged else table
    table = _without_missing(table, path, filled, missing)
    encoded = [_encode(path, name, table[name], [*merged.get(name, ())]) for name in chosen]
    space = AttributeSpace(tuple(attribute for attribute, _ in encoded), label)
    codes = torch.stack([codes for _, codes in encoded], dim=1)
    files = table[file_column].to_pylist() if file_column else []
    splits = None
    if split_column:
        splits = [SPLITS[value.lower()] for value in table[split_column].to_pylist()]
    clusters = None
    if group_column:
        clusters = number_clusters(table[group_column], splits, path, group_column)
    dropped = sorted(set(named) - set(files))
    return ImageTable(files, codes, space, splits, dropped, clusters)


def _without_missing(table: pa.Table, path: Path, columns: Sequence[str], missing: str) -> pa.Table:
    for name in columns:
        empty = pc.is_null(table[name])
        count = pc.sum(empty).as_py()
        if not count:
            continue
        if missing == "error":
            row = pc.index(empty, True).as_py()
            msg = (
                f"{count:,} rows of {path} have no value of '{name}', the first is row {row + 1}; "
                "set missing to drop, or to the name of a value for them"
            )
            raise ValueError(msg)
        if missing == "drop":
            table = table.filter(pc.invert(empty))
            if not table.num_rows:
                msg = f"no row of {path} has a value of every attribute of {list(columns)}"
                raise ValueError(msg)
            tell(f"{count:,} rows of {path} are dropped: they have no value of '{name}'")
        else:
            filled = pc.fill_null(table[name], missing)
            table = table.set_column(table.column_names.index(name), name, filled)
    return table


def _encode(
    path: Path, name: str, column: pa.ChunkedArray, order: list[str]
) -> tuple[Attribute, Tensor]:
    """The attribute and the codes of a column; values named in `order` come first."""
    encoded = column.combine_chunks().dictionary_encode()
    found: list[str] = encoded.dictionary.to_pylist()
    if any(_is_decimal(value) for value in found[:1000]):
        msg = (
            f"column '{name}' of {path} holds numbers with decimals; an attribute is one of a few "
            "categories: bin it, or leave it out by naming the attributes"
        )
        raise ValueError(msg)
    if len(found) > MOST_VALUES:
        msg = (
            f"column '{name}' of {path} has {len(found):,} different values, expected at most "
            f"{MOST_VALUES}: bin it, or leave it out by naming the attributes"
        )
        raise ValueError(msg)
    whole = all(re.fullmatch("-?[0-9]+", value) for value in found)
    values = sorted(sorted(found), key=int) if whole else sorted(found)
    if order:
        values = [*(v for v in order if v in found), *(v for v in values if v not in order)]
    places = torch.tensor([values.index(value) for value in found])
    codes = places[torch.from_numpy(encoded.indices.to_numpy().astype("int64"))]
    _tell_doubts(path, name, values, codes)
    return Attribute(name, tuple(values)), codes


def _tell_doubts(path: Path, name: str, values: Sequence[str], codes: Tensor) -> None:
    """Say where values look like one that was written in two ways, or like no categories."""
    spelt: dict[str, list[str]] = {}
    for value in values:
        spelt.setdefault(" ".join(normalize("NFKC", value).casefold().split()), []).append(value)
    for alike in spelt.values():
        if len(alike) > 1:
            told = f"column '{name}' of {path} writes one value in several ways, each taken for one"
            tell(f"{told} of its own: {some_of([repr(value) for value in alike])}")
    if is_mostly_rare(codes.bincount()):
        tell(
            f"most of the {len(values)} values of column '{name}' of {path} are in one or two rows "
            f"({some_of([repr(value) for value in values])}): {NO_CATEGORY}"
        )


def is_mostly_rare(counts: Tensor) -> bool:
    """Whether most of many values are in one or two rows, as dates, names and numbers are.

    Args:
        counts: (V,) int64, rows of each value.
    """
    rare = (counts > 0) & (counts <= 2)
    return len(counts) > FEW_VALUES and 2 * int(rare.sum()) > len(counts)


def _is_decimal(value: str) -> bool:
    try:
        return not float(value).is_integer() if "." in value or "e" in value.lower() else False
    except (ValueError, OverflowError):
        return False


def _check_files(column: pa.ChunkedArray, path: Path) -> None:
    seen: set[str] = set()
    for row, name in enumerate(column.to_pylist(), start=1):
        if name is None:
            msg = f"row {row} of {path} names no file"
            raise ValueError(msg)
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or "\0" in name or ":\\" in name:
            msg = (
                f"row {row} of {path} names the file '{name}'; names are relative to the folder "
                "of images and stay below it"
            )
            raise ValueError(msg)
        if name in seen:
            msg = f"row {row} of {path} names the file '{name}', as an earlier row does"
            raise ValueError(msg)
        seen.add(name)
