"""Tables that fit 80 columns, and how figures stand in tables."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

Side = Literal["left", "right"]


def short_table(
    columns: Mapping[str, Side], rows: Iterable[Iterable[str]], title: str | None = None
) -> Table:
    """A table without lines.

    Args:
        columns: Names of the columns, and on which side their cells stand.
        rows: The rows; names in them are no markup.
        title: What stands above it.
    """
    table = Table(
        title=title, title_justify="left", title_style="", box=None, pad_edge=False, padding=(0, 1)
    )
    for name, side in columns.items():
        table.add_column(Text(name), justify=side, vertical="top", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def show(*parts: Table | str) -> None:
    """Print tables, and lines that are wrapped between words."""
    console = Console(markup=False, highlight=False, emoji=False)
    for part in parts:
        console.print(part)


def short_path(path: Path) -> str:
    """A path as seen from the current folder, where it lies below that."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def cut(names: str, most: int) -> str:
    """Names with a comma between, as many as have room, then dots.

    >>> cut("digit=8, thickness=thick, color=red", 25)
    'digit=8, ...'

    Args:
        names: The names.
        most: Characters.
    """
    if len(names) <= most:
        return names
    kept = names[: most - len(" ...")].rpartition(",")[0]
    return f"{kept}, ..." if kept else f"{names[: most - 3]}..."


def with_interval(value: float, ends: tuple[float, float] | None) -> str:
    """A figure and its interval as tables show them; the figure alone if there is no interval.

    >>> with_interval(98.8, (98.63, 98.97))
    '98.8 [98.6, 99.0]'
    """
    return f"{value:.1f}" if ends is None else f"{value:.1f} [{ends[0]:.1f}, {ends[1]:.1f}]"
