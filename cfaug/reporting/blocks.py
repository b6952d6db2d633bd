"""What a page is made of: tables, pictures and charts, without markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from cfaug.classifiers.intervals import Interval
from cfaug.plotting.letters import without_warnings_of_letters
from cfaug.terminal.tables import with_interval

GREY = "#808080"
"""Of lines and words in charts, to be seen on white as on black."""


@dataclass(frozen=True)
class Cell:
    """Text, and how dark it is behind it, 0 to 1."""

    text: str
    shade: float = 0.0


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Picture:
    """A PNG on disk."""

    title: str
    path: Path
    kind: str = "picture"


@dataclass(frozen=True)
class Chart:
    """An SVG, and in words what it shows."""

    title: str
    svg: str
    words: str
    kind: str = "chart"


@dataclass(frozen=True)
class Points:
    """Sentences, each a point."""

    title: str
    sentences: Sequence[str]
    kind: str = "points"


@dataclass(frozen=True)
class Code:
    """Lines that are shown when asked for."""

    title: str
    text: str
    kind: str = "code"


@dataclass
class Section:
    """A part of the page."""

    title: str
    lead: str
    blocks: list[Table | Picture | Chart | Points | Code] = field(default_factory=list)


def text(value: float | str, digits: int = 1) -> Cell:
    """A cell of a word or a number."""
    return Cell(value if isinstance(value, str) else f"{value:.{digits}f}")


def percent(value: float, ends: Interval | None = None) -> Cell:
    """A cell of a percentage with its interval, if there is one; the darker the higher."""
    return Cell(with_interval(value, ends), min(1.0, max(0.0, value / 100)))


def bars(title: str, unit: str, values: Mapping[str, tuple[float, Interval | None]]) -> Chart:
    """A bar for each name, with its interval if there is one."""
    figure = Figure(figsize=(7, 0.6 + 0.34 * len(values)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(list(values), [value for value, _ in values.values()], color="#4a90c2")
    for row, (value, ends) in enumerate(values.values()):
        end = value if ends is None else ends[1]
        if ends is not None:
            axes.errorbar(
                value, row, xerr=[[value - ends[0]], [end - value]], color=GREY, capsize=3
            )
        axes.text(end + 1, row, f"{value:.1f}", va="center")
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xlabel(unit)
    said = ", ".join(f"{name} {with_interval(*value)}" for name, value in values.items())
    return Chart(title, _svg(figure), f"{unit}: {said}")


def curves(title: str, unit: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> Chart:
    """A line of (update, value) for each name."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.add_subplot()
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), label=name, marker=".")
    axes.set_xlabel("updates")
    axes.set_ylabel(unit)
    if any(lines):  # the one run of `cfaug report .` has no name
        axes.legend(frameon=False, labelcolor=GREY, fontsize=8)
    last = ", ".join(f"{name} {points[-1][1]:.2f}" for name, points in lines.items())
    return Chart(title, _svg(figure), f"{unit} over updates; at the end: {last}")


def _svg(figure: Figure) -> str:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(GREY)
        axes.tick_params(colors=GREY)
        for words in (axes.xaxis.label, axes.yaxis.label, *axes.texts):
            words.set_color(GREY)
        legend = axes.get_legend()
        named = legend.get_texts() if legend else []
        for words in (*axes.get_xticklabels(), *axes.get_yticklabels(), *named):
            words.set_parse_math(False)  # names may have dollars
    buffer = StringIO()
    with (
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": figure.axes[0].get_xlabel()}),
        without_warnings_of_letters(),  # the browser draws what matplotlib's font lacks
    ):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]
