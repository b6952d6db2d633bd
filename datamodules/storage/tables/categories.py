"""Values of a table merged into categories: ages into child and adult, five values into two."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from datamodules.notices import some_of, tell

Categories = Mapping[str, Mapping[str, Sequence[str | int | float]]]
"""By column, for each category the values that it has, or ranges such as ``20 to 100``."""

RANGE = re.compile(r"\s*(-?[0-9.]+)\s+to\s+(-?[0-9.]+)\s*")


def merge_values(table: pa.Table, path: Path, categories: Categories) -> pa.Table:
    """Put categories in the place of values; rows of a value in none are left out with a notice.

    Args:
        table: Columns of text.
        path: Where it was read from, for messages.
        categories: The categories. The ends of a range are in it.

    Returns:
        The rows of which each such column is in a category, or has no value.

    Raises:
        ValueError: If a column is missing, has fewer than two categories, or a value is in none of
            the rows or in two categories, or is no number where there is a range.
    """
    kept = pa.array([True] * table.num_rows, pa.bool_())
    for name, merged in categories.items():
        if name not in table.column_names:
            msg = f"categories are for '{name}', but the attributes are {table.column_names}"
            raise ValueError(msg)
        if odd := [new for new in merged if not isinstance(new, str)]:
            msg = f"a category of '{name}' is called {odd[0]!r}, which is no text; put it in quotes"
            raise ValueError(msg)
        if len(merged) < 2:
            msg = f"categories of '{name}' are {list(merged)}, expected at least 2"
            raise ValueError(msg)
        column = table[name].combine_chunks()
        found = [value for value in column.unique().to_pylist() if value is not None]
        category = _categories_of(found, path, name, merged)
        new = pa.array([category.get(value) for value in column.to_pylist()], pa.string())
        left_out = pc.and_(pc.is_null(new), pc.is_valid(column))
        if count := pc.sum(left_out).as_py():
            values = [repr(value) for value in found if value not in category]
            told = f"{count:,} rows of {path} are left out: their '{name}' is in no category"
            tell(f"{told}, {some_of(values)}")
        table = table.set_column(table.column_names.index(name), name, new)
        kept = pc.and_not(kept, left_out)
    table = table.filter(kept)
    if not table.num_rows:
        msg = f"no row of {path} is in a category of each of {list(categories)}"
        raise ValueError(msg)
    return table


def _categories_of(
    found: Sequence[str], path: Path, name: str, merged: Mapping[str, Sequence[str | int | float]]
) -> dict[str, str]:
    """The category of each value that is in one."""
    category: dict[str, str] = {}
    for new, members in merged.items():
        for told in [members] if isinstance(members, str) else members:
            member = f"{told:g}" if isinstance(told, float) else str(told)
            ends = None if member in found else RANGE.fullmatch(member)
            if ends is None:
                values = [value for value in found if value == member]
            else:
                low, high = map(float, ends.groups())
                values = [v for v in found if low <= _number(v, path, name, member) <= high]
            if not values:
                msg = f"column '{name}' of {path} has no value '{member}', which category '{new}'"
                raise ValueError(f"{msg} names; it has {some_of(found)}")
            for value in values:
                if category.setdefault(value, new) != new:
                    msg = f"'{value}' of column '{name}' of {path} is in two categories, "
                    raise ValueError(f"{msg}'{category[value]}' and '{new}'")
    return category


def _number(value: str, path: Path, name: str, range_: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        msg = f"column '{name}' of {path} has '{value}', expected numbers for the range '{range_}'"
        raise ValueError(msg) from error
