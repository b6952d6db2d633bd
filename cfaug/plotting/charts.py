"""Bars and curves, written as PNG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cfaug.plotting.letters import save_figure


def save_accuracies(accuracies: Mapping[str, tuple[float, float]], path: Path) -> None:
    """Bars of the accuracy of each method on unconfounded data, with its standard error.

    Args:
        accuracies: Accuracy and its standard error over seeds, in per cent, of each method.
        path: The picture.
    """
    figure = Figure(figsize=(6, 0.9 + 0.5 * len(accuracies)), layout="constrained")
    axes = figure.add_subplot()
    for row, (mean, error) in enumerate(accuracies.values()):
        axes.barh(row, mean, xerr=error or None, color="#4a90c2")
        axes.text(mean + error + 1.5, row, f"{mean:.1f}", va="center")
    axes.set_yticks(range(len(accuracies)), list(accuracies))
    axes.invert_yaxis()
    axes.set_xlim(0, 110)
    axes.set_xlabel("accuracy on unconfounded test images, %")
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)


@dataclass(frozen=True)
class Panel:
    """Configurations at one strength, all in per cent.

    Args:
        title: The strength.
        points: Name, fraction of edits of the label judged successful, accuracy, its standard
            error.
        levels: Accuracies of methods without a generator.
    """

    title: str
    points: list[tuple[str, float, float, float]]
    levels: dict[str, float]


def save_tradeoff(panels: Sequence[Panel], path: Path) -> None:
    """Plot the error on unconfounded images against the error of edits of the label.

    Both are in per cent on a logarithmic scale, which separates good configurations. Better ones
    are further to the top and to the right. Points are numbered, the best accuracy first.

    Args:
        panels: One for each strength.
        path: The picture.
    """
    figure = Figure(figsize=(7.5, 4.4 * len(panels)), layout="constrained")
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(len(panels), 1, number)
        lowest, highest = float("inf"), 0.0
        for rank, (name, effect, accuracy, error) in enumerate(panel.points, start=1):
            # A judge that misreads none of the edits has no place on the scale.
            x, y = max(100 - effect, 0.1), max(100 - accuracy, 0.1)
            label = f"{rank} {name}"
            axes.errorbar(x, y, yerr=error, fmt="o", color="#1f6fb2", markersize=4, label=label)
            axes.annotate(str(rank), (x, y), (4, 4), textcoords="offset points", fontsize=8)
            lowest, highest = min(lowest, y), max(highest, y)
        if "oracle" in panel.levels:
            level = max(100 - panel.levels["oracle"], 0.1)
            axes.axhline(level, color="#999999", linewidth=1, linestyle="--")
            lowest, highest = min(lowest, level), max(highest, level)
        levels = ", ".join(f"{name} {value:.1f}" for name, value in panel.levels.items())
        axes.set_title(f"{panel.title}; accuracy: {levels}", fontsize=10)
        axes.set_xlabel("edits of the label that a judge misreads, %")
        axes.set_ylabel("error on unconfounded test images, %")
        if lowest == highest:  # or the axis would have no length
            axes.set_ylim(lowest / 1.5, highest * 1.5)
        for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
            scale("log")
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
            axis.set_inverted(True)
        axes.margins(0.08)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), handlelength=0, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)


def save_curves(curves: Mapping[str, Mapping[float, float]], path: Path) -> None:
    """Accuracy on unconfounded images over the strength of the confounding.

    Args:
        curves: Accuracy in per cent by strength, of each method.
        path: The picture.
    """
    strengths = sorted({strength for curve in curves.values() for strength in curve})
    figure = Figure(figsize=(7, 4.4), layout="constrained")
    axes = figure.add_subplot()
    for name, curve in curves.items():
        axes.plot([strengths.index(r) for r in curve], list(curve.values()), "o-", label=name)
    # Evenly spaced: most of the change is between 0.95 and 1.
    axes.set_xticks(range(len(strengths)), [f"{strength:g}" for strength in strengths])
    axes.set_xlabel("strength r of the confounding")
    axes.set_ylabel("accuracy on unconfounded test images, %")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=100)
