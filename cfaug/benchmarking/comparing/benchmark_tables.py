"""The tables of a benchmark on a data set, from the files of its finished cells."""

import csv
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from cfaug.benchmarking.comparing.benchmark_pictures import save_pictures
from cfaug.benchmarking.comparing.columns import (
    GENERATOR_LEGEND,
    LEGEND,
    generator_columns,
    method_columns,
)
from cfaug.benchmarking.comparing.draw_lines import lines_of_draws
from cfaug.benchmarking.comparing.roles import Row
from cfaug.benchmarking.comparing.rows import test_set_of
from datamodules.process.sampling import EARLY_DRAWS
from datamodules.storage.atomic_files import whole_file

Columns = Callable[[Row], dict[str, str]]


def write_tables(rows: list[Row], generators: list[Row], folder: Path) -> list[Path]:
    """Write the tables and the pictures.

    ``table.csv`` and ``generators.csv`` have all figures, ``table.md`` and ``table.tex`` the main
    ones.

    Args:
        rows: Of methods, at least one.
        generators: Of generators.
        folder: Where to.

    Returns:
        The files.
    """
    paths = [_write_csv(rows, folder / "table.csv")]
    if generators:
        paths.append(_write_csv(generators, folder / "generators.csv"))
    legend = LEGEND.format(test_set=test_set_of(rows[0]), early=EARLY_DRAWS)
    drawn = "".join(f"- {line}\n" for line in lines_of_draws([*rows, *generators]))
    parts = [_markdown(rows, method_columns, f"{drawn}\n{legend}" if drawn else legend)]
    if generators:
        parts.append(_markdown(generators, generator_columns, GENERATOR_LEGEND))
    for name, text in (("table.md", "\n".join(parts)), ("table.tex", latex(rows))):
        with whole_file(folder / name) as part:
            part.write_text(text, encoding="utf-8")
        paths.append(folder / name)
    return [*paths, *save_pictures(rows, generators, folder)]


def _write_csv(rows: Sequence[Row], path: Path) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _lines(rows: Sequence[Row], columns: Columns) -> list[list[str]]:
    """A header, and a line for each row."""
    cells = [columns(row) for row in rows]
    names = list(dict.fromkeys(itertools.chain(*cells)))
    lines = [["r", "name", "seeds", *names]]
    for row, shown in zip(rows, cells, strict=True):
        strength = f"{row['strength']:g}" if "strength" in row else ""
        values = [shown.get(name, "") for name in names]
        lines.append([strength, str(row["name"]), str(row["seeds"]), *values])
    return lines


def _markdown(rows: Sequence[Row], columns: Columns, legend: str) -> str:
    sources = [str(row["commands"]).splitlines() for row in rows]
    commands = list(dict.fromkeys(itertools.chain(*sources)))
    header, *lines = _lines(rows, columns)
    told = [[*header, "commands"], ["---"] * (len(header) + 1)]
    for line, source in zip(lines, sources, strict=True):
        told.append([*line, ", ".join(str(1 + commands.index(command)) for command in source)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in told)
    behind = "\n".join(f"{number}. `{line}`" for number, line in enumerate(commands, start=1))
    return f"{table}\n\n{legend}\nCommands, each with its commit:\n\n{behind}\n"


def latex(rows: Sequence[Row]) -> str:
    """The table of methods for LaTeX; it needs the package ``booktabs``."""
    header, *lines = ([_escaped(cell) for cell in line] for line in _lines(rows, method_columns))
    body = "".join(f"{' & '.join(line)} \\\\\n" for line in lines)
    return (
        f"\\begin{{tabular}}{{{'l' * len(header)}}}\n\\toprule\n{' & '.join(header)} \\\\\n"
        f"\\midrule\n{body}\\bottomrule\n\\end{{tabular}}\n"
    )


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "&%$#_{}" else letter for letter in text)
