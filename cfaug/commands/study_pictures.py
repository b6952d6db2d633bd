"""The figures of a study."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Panel:
    """Configurations at one strength: points (name, x, y, error of y), and others' accuracies."""

    title: str
    points: list[tuple[str, float, float, float]]
    levels: dict[str, float]


def save_tradeoff(panels: Sequence[Panel], path: Path) -> None:
    """Accuracy on unconfounded images against the effectiveness of editing the label, in per cent.

    Args:
        panels: One for each strength.
        path: The picture.
    """
    columns = min(3, max(1, len(panels)))
    lines = max(1, math.ceil(len(panels) / columns))
    figure = Figure(figsize=(1 + 5 * columns, 0.2 + 4.4 * lines), layout="constrained")
    for number, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(lines, columns, number)
        for name, x, y, error in panel.points:
            axes.errorbar(x, y, yerr=error, fmt="o", color="#1f6fb2", markersize=5)
            axes.annotate(name, (x, y), (5, 4), textcoords="offset points", fontsize=8)
        # A line far below would squeeze the points together.
        if "oracle" in panel.levels:
            axes.axhline(panel.levels["oracle"], color="#999999", linewidth=1, linestyle="--")
        levels = ", ".join(f"{name} {value:.1f}" for name, value in panel.levels.items())
        axes.set_title(f"{panel.title}\n{levels}", fontsize=10)
        axes.set_xlabel("a judge reads the new label after do(label), %")
        axes.margins(0.15)
        for low, high, limit in (
            (*axes.get_xlim(), axes.set_xlim),
            (*axes.get_ylim(), axes.set_ylim),
        ):
            middle, half = (low + high) / 2, max(1.0, (high - low) / 2)  # tenths are noise
            limit(middle - half, middle + half)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in figure.axes[::columns]:
        axes.set_ylabel("accuracy on unconfounded test images, %")
    figure.savefig(path, dpi=100)


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
    # Evenly spaced: what matters happens between 0.95 and 1.
    axes.set_xticks(range(len(strengths)), [f"{strength:g}" for strength in strengths])
    axes.set_xlabel("strength r of the confounding")
    axes.set_ylabel("accuracy on unconfounded test images, %")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
