"""Bars and curves, written as PNG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple, Self

from matplotlib import colormaps
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cfaug.plotting.letters import save_figure
from cfaug.terminal.tables import with_interval


class Estimate(NamedTuple):
    """A figure and its 95 % interval, in per cent; None if that is not known."""

    value: float
    interval: tuple[float, float] | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the interval; the value itself if that is not known."""
        return self.interval or (self.value, self.value)

    @property
    def sides(self) -> list[list[float]] | None:
        """How far the interval reaches below and above the value, as error bars of matplotlib."""
        low, high = self.ends
        return [[self.value - low], [high - self.value]] if self.interval else None

    def as_error(self) -> Self:
        """The error of an accuracy; at least 0.1, for a logarithmic scale has no place for 0."""
        value, high, low = (max(100 - each, 0.1) for each in (self.value, *self.ends))
        return self._replace(value=value, interval=(low, high) if self.interval else None)


def save_accuracies(accuracies: Mapping[str, Estimate], path: Path, test_set: str) -> None:
    """Bars of the accuracy of each method, with their intervals.

    Args:
        accuracies: Accuracy of each method.
        path: The picture.
        test_set: Name of the test set that all accuracies are on.
    """
    figure = Figure(figsize=(6, 0.9 + 0.5 * len(accuracies)), layout="constrained")
    axes = figure.add_subplot()
    for row, accuracy in enumerate(accuracies.values()):
        value, sides = accuracy.value, accuracy.sides
        axes.barh(row, value, color="#4a90c2")
        if sides:
            axes.errorbar(value, row, xerr=sides, color="k", capsize=3)
        axes.text(accuracy.ends[1] + 1.5, row, f"{value:.1f}", va="center")
    axes.set_yticks(range(len(accuracies)), list(accuracies))
    axes.invert_yaxis()
    axes.set_xlim(0, 110)
    axes.set_xlabel(f"accuracy on {test_set} images, %")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)


@dataclass(frozen=True)
class Panel:
    """Configurations at one strength, all in per cent.

    Args:
        title: The strength.
        points: Name, fraction of edits of the label judged successful, accuracy.
        levels: Accuracies of methods without a generator; that of ``oracle`` is a line too.
    """

    title: str
    points: list[tuple[str, float, Estimate]]
    levels: dict[str, Estimate]


def save_tradeoff(panels: Sequence[Panel], path: Path, test_set: str) -> None:
    """Plot the error on test images against the error of edits of the label.

    Both are in per cent on a logarithmic scale, which separates good configurations. Better ones
    are further to the top and to the right. Points are numbered, the best accuracy first.

    Args:
        panels: One for each strength.
        path: The picture.
        test_set: Name of the test set that all accuracies are on.
    """
    figure = Figure(figsize=(7.5, 4.4 * len(panels)), layout="constrained")
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(len(panels), 1, number)
        lowest, highest = float("inf"), 0.0
        for rank, (name, effect, accuracy) in enumerate(panel.points, start=1):
            x, error, label = (
                Estimate(effect).as_error().value,
                accuracy.as_error(),
                f"{rank} {name}",
            )
            y, (low, high) = error.value, error.ends
            axes.errorbar(
                x, y, yerr=error.sides, fmt="o", color="#1f6fb2", markersize=4, label=label
            )
            axes.annotate(str(rank), (x, y), (4, 4), textcoords="offset points", fontsize=8)
            lowest, highest = min(lowest, low), max(highest, high)
        if oracle := panel.levels.get("oracle"):
            error = oracle.as_error()
            low, high = error.ends
            axes.axhspan(low, high, color="#999999", alpha=0.2, linewidth=0)
            axes.axhline(error.value, color="#999999", linewidth=1, linestyle="--")
            lowest, highest = min(lowest, low), max(highest, high)
        levels = ", ".join(f"{name} {with_interval(*e)}" for name, e in panel.levels.items())
        axes.set_title(f"{panel.title}; accuracy, %:\n{levels}", fontsize=9)
        axes.set_xlabel("edits of the label that a judge misreads, %")
        axes.set_ylabel(f"error on {test_set} images, %")
        if lowest == highest:  # or the axis would have no length
            axes.set_ylim(lowest / 1.5, highest * 1.5)
        _scale_errors(axes.xaxis, axes.set_xscale)
        _scale_errors(axes.yaxis, axes.set_yscale)
        axes.margins(0.08)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), handlelength=0, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)


class Cost(NamedTuple):
    """Seconds of training, a generator included, the accuracy, and whether there is a generator."""

    seconds: float
    accuracy: Estimate
    has_generator: bool


def save_costs(costs: Mapping[str, Cost], path: Path, test_set: str) -> None:
    """Plot the error over what it costs, a numbered point for each method, the best first.

    The error has a logarithmic scale; better methods are further up.

    Args:
        costs: Of each method.
        path: The picture.
        test_set: Name of the test set that all accuracies are on.
    """
    figure = Figure(figsize=(8, 2 + 0.22 * max(len(costs), 9)), layout="constrained")
    axes = figure.add_subplot()
    best = sorted(costs.items(), key=lambda item: -item[1].accuracy.value)
    for rank, (name, (seconds, accuracy, has_generator)) in enumerate(best, start=1):
        x, error = seconds / 60, accuracy.as_error()
        y, sides = error.value, error.sides
        color, label = "#c2574a" if has_generator else "#4a90c2", f"{rank} {name}"
        axes.errorbar(x, y, yerr=sides, fmt="o", color=color, ms=4, label=label)
        aside = (4, 4) if rank % 2 else (-13, -9)  # so that neighbours can be told apart
        axes.annotate(str(rank), (x, y), aside, textcoords="offset points", size=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("minutes of training, a generator included")
    _scale_errors(axes.yaxis, axes.set_yscale)
    axes.set_ylabel(f"error on {test_set} images, %")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), handlelength=0, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)


Kind = Literal["counterfactuals", "erm", "oracle", "other"]


@dataclass(frozen=True)
class Curve:
    """The accuracy of a method over the strength of the confounding.

    Args:
        accuracies: Accuracy by strength.
        kind: What kind of method it is.
    """

    accuracies: Mapping[float, Estimate]
    kind: Kind

    @property
    def mean(self) -> float:
        """Over the strengths."""
        return fmean(each.value for each in self.accuracies.values())


NAMED = 5
"""Methods without counterfactuals that a picture of curves names; it shows the others in grey."""


def save_curves(curves: Mapping[str, Curve], path: Path, test_set: str) -> None:
    """Plot the error on test images over the strength of the confounding, in its interval.

    The error has a logarithmic scale, which separates good methods; better ones are further up.

    Args:
        curves: Of each method.
        path: The picture.
        test_set: Name of the test set that all accuracies are on.
    """
    strengths = sorted({strength for curve in curves.values() for strength in curve.accuracies})
    best = dict(sorted(curves.items(), key=lambda item: -item[1].mean))
    others = [name for name, curve in best.items() if curve.kind == "other"]
    ours = [name for name, curve in best.items() if curve.kind == "counterfactuals"]
    colors = _shades("Blues", others[:NAMED]) | _shades("Reds", ours)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.add_subplot()
    for name, curve in best.items():
        places = [strengths.index(strength) for strength in curve.accuracies]
        errors = [accuracy.as_error() for accuracy in curve.accuracies.values()]
        values = [error.value for error in errors]
        if name in others[NAMED:]:
            axes.plot(places, values, "-", color="#cccccc", linewidth=0.8, zorder=1)
            continue
        color, dashes = colors.get(name, "black"), "--" if curve.kind == "oracle" else "-"
        lows, highs = zip(*(error.ends for error in errors), strict=True)
        axes.plot(places, values, "o", ls=dashes, ms=3, color=color, label=name)
        axes.fill_between(places, lows, highs, color=color, alpha=0.2, linewidth=0)
    if len(others) > NAMED:
        axes.plot([], [], "-", color="#cccccc", label=f"{len(others) - NAMED} other methods")
    # Evenly spaced: most of the change is between 0.95 and 1.
    axes.set_xticks(range(len(strengths)), [f"{strength:g}" for strength in strengths])
    axes.set_xlabel("strength r of the confounding")
    axes.set_ylabel(f"error on {test_set} images, %")
    _scale_errors(axes.yaxis, axes.set_yscale)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)


def _shades(name: str, methods: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """A colour of a colour map for each method, the first the darkest."""
    step = 0.5 / max(len(methods), 2)
    return {method: colormaps[name](0.9 - step * place) for place, method in enumerate(methods)}


def _scale_errors(axis: Axis, scale: Callable[[str], None]) -> None:
    """Make an axis of errors logarithmic, the smallest at its end."""
    scale("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_inverted(True)
