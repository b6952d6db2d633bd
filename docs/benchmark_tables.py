"""Writes the tables of the README, of benchmark.md and of each folder of kept cells: `make tables`.

In a page a table stands between ``<!-- table: NAME -->`` and ``<!-- end of table -->``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from cfaug.benchmarking.comparing.benchmark_tables import write_tables
from cfaug.benchmarking.comparing.columns import generator_columns
from cfaug.benchmarking.comparing.roles import (
    Row,
    has_counterfactuals,
    is_erm,
    is_oracle,
)
from cfaug.benchmarking.comparing.rows import (
    difference_of,
    interval_of,
    strength_of,
    summarize,
    summarize_generators,
    test_set_of,
)
from cfaug.benchmarking.methods import ERM
from cfaug.terminal.tables import with_interval
from cfaug.tracking import keys

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments/results/benchmark"
GENERATORS = ROOT / "experiments/results/generators/published"
PAGES = (ROOT / "README.md", ROOT / "docs/benchmark.md")
TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
DEFAULTS = ("conditional-vae", "few-images")
"""The default generator, with epochs for many images and for few."""


@dataclass(frozen=True)
class Data:
    """Data of a benchmark.

    Args:
        folder: Where the cells are, below `RESULTS`.
        words: What it is called.
        values: Values of its confounded attribute if a strength is told as the share of
            conflicting images; None if it is told as r.
    """

    folder: str
    words: str
    values: int | None = None

    @property
    def cells(self) -> Path:
        """The folder of its cells."""
        return RESULTS / self.folder

    def strength(self, r: float) -> str:
        """How a strength is told."""
        if self.values is None:
            return f"r = {r:g}"
        return f"{100 * (1 - r) * (1 - 1 / self.values):.2g} % conflicting"


DATA = (
    Data("mnist-colored", "MNIST, colour + thin/thick"),
    Data("digits-colored", "scikit-learn's digits, colour + thin/thick"),
    Data("cmnist10", "MNIST, ten colours", values=10),
    Data("cmnist10-mlp", "MNIST, ten colours, the published network", values=10),
    Data("families/mnist-double-colored", "MNIST, ten colours on ten others + thin/thick"),
    Data("families/mnist-wildlife", "MNIST, ten textures on ten others + thin/thick"),
    Data("families/mnist-rotated", "MNIST, five angles"),
    Data("families/mnist-colored-rotated", "MNIST, five angles + ten colours"),
    Data("celeba", "4,000 faces of CelebA, smile (label) + sex"),
)


@cache
def rows_of(folder: Path) -> list[Row]:
    """See `summarize`."""
    return summarize(folder)


def overview() -> str:
    """The best methods on all data, a row for each data set and strength."""
    lines = [
        "| data | seeds | ERM | best without counterfactuals | ERM + counterfactuals | oracle |",
        "|---|---|---|---|---|---|",
    ]
    for data in DATA:
        rows = rows_of(data.cells)
        for r in sorted({strength_of(row) for row in rows} - {0.0}):
            here = [row for row in rows if strength_of(row) == r]
            ours = next(filter(_is_default, here), None)
            if ours is None:
                continue
            erm = next(filter(is_erm, here))
            (baseline,) = (row for row in here if row["name"] == ours["best_baseline"])
            cells = [
                f"{data.words}, {data.strength(r)}",
                str(ours["seeds"]),
                _short(erm),
                f"{_called(baseline)}: {_short(baseline)}",
                _marked(ours),
                "; ".join(_short(row) for row in rows if is_oracle(row)),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def methods(data: Data) -> str:
    """All methods on a data set, the best first: a row for each, a column for each strength."""
    rows = rows_of(data.cells)
    strengths = sorted({strength_of(row) for row in rows if not is_oracle(row)})
    names = dict.fromkeys(str(row["name"]) for row in rows)
    found = {(str(row["name"]), strength_of(row)): row for row in rows}
    for row in filter(is_oracle, rows):
        found |= {(str(row["name"]), r): row for r in strengths}

    def rank(name: str) -> tuple[float, ...]:
        each = [found.get((name, r)) for r in strengths]
        known = [float(row["accuracy"]) for row in each if row is not None]
        return -len(known), -sum(known)  # those that were measured everywhere first

    lines = [
        f"| method | labels | seeds | {' | '.join(map(data.strength, strengths))} |",
        f"|---|---|---|{'---|' * len(strengths)}",
    ]
    for name in sorted(names, key=rank):
        each = [found.get((name, r)) for r in strengths]
        known = [row for row in each if row is not None]
        seeds = ", ".join(dict.fromkeys(str(row["seeds"]) for row in known))
        cells = [_marked(row) if row else "" for row in each]
        told = [_called(known[0]), str(known[0]["labels"]), seeds, *cells]
        lines.append(f"| {' | '.join(told)} |")
    return "\n".join(lines)


def generators() -> str:
    """What a classifier learns from each generator, the best first, and how edits are judged."""
    rows, judged = rows_of(GENERATORS), summarize_generators(GENERATORS)
    learnt = {(row.get("generator"), row["method"]): row for row in rows}
    columns = {str(row["name"]): generator_columns(row) for row in judged}
    shown = ["known do(color)", "known do(thickness)", "known do(digit)", "joint leak(color)"]
    header = ["generator", "ERM + counterfactuals", "counterfactuals alone", *shown]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines += [
        f"| none: {method} | {_short(learnt[None, method])} |{' |' * (len(header) - 2)}"
        for method in ("oracle", "balanced", ERM)
        if (None, method) in learnt
    ]
    for name in sorted(columns, key=lambda name: -float(learnt[name, ERM]["accuracy"])):
        figures = [columns[name][column] for column in shown]
        methods = [_marked(learnt[name, method]) for method in (ERM, "no-originals")]
        lines.append(f"| {' | '.join([name, *methods, *figures])} |")
    return "\n".join(lines)


def _is_default(row: Row) -> bool:
    return row["method"] == ERM and row.get("generator") in DEFAULTS


def _called(row: Row) -> str:
    return f"{row['method']}{' + counterfactuals' if has_counterfactuals(row) else ''}"


def _short(row: Row) -> str:
    """Accuracy, its interval, and the worst group."""
    split = test_set_of(row)
    accuracy = float(row["accuracy"]), interval_of(row, keys.ACCURACY.format(split=split))
    worst = row.get(keys.WORST_GROUP_ACCURACY.format(split=split))
    return with_interval(*accuracy) + ("" if worst is None else f"; {float(worst):.1f}")


def _marked(row: Row) -> str:
    """What `_short` says, in bold if it is surely above the best baseline."""
    against = difference_of(row)
    return f"**{_short(row)}**" if against is not None and against[1][0] > 0 else _short(row)


def written(text: str) -> str:
    """A page with its tables as the cells say."""
    tables: dict[str, Callable[[], str]] = {"overview": overview, "generators": generators}
    tables |= {data.folder: partial(methods, data) for data in DATA}
    return TABLE.sub(lambda m: f"{m[1]}\n{tables[m[2]]()}\n\n{m[3]}", text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
    for folder in filter(rows_of, [*(data.cells for data in DATA), GENERATORS]):
        write_tables(rows_of(folder), summarize_generators(folder), folder)
