"""Intervals in charts: where their ends are drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from cfaug.plotting import charts
from cfaug.plotting.charts import (
    Curve,
    Estimate,
    Panel,
    save_accuracies,
    save_curves,
    save_tradeoff,
)

SURE, UNSURE = Estimate(80.0, (70.0, 85.0)), Estimate(60.0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Axes]:
    """The axes of the pictures that are saved."""
    axes: list[Axes] = []

    def keep(figure: Figure, path: Path, **options: Any) -> None:
        figure.savefig(path)  # what cannot be drawn fails here
        axes.extend(figure.axes)

    monkeypatch.setattr(charts, "save_figure", keep)
    return axes


def bars(axes: Axes) -> list[list[list[float]]]:
    """Both ends of each error bar."""
    lines = [artist for artist in axes.collections if isinstance(artist, LineCollection)]
    return [np.asarray(segment).tolist() for line in lines for segment in line.get_segments()]


def test_a_bar_has_its_interval_if_that_is_known(drawn: list[Axes], tmp_path: Path) -> None:
    accuracies = {"ours": SURE, "ERM": UNSURE, "all": Estimate(100.0, (96, 100))}
    save_accuracies(accuracies, tmp_path / "a", "resampled")
    assert drawn[0].get_xlabel() == "accuracy on resampled images, %"
    assert bars(drawn[0]) == [[[70, 0], [85, 0]], [[96, 2], [100, 2]]]
    assert [(words.get_text(), words.get_position()[0]) for words in drawn[0].texts] == [
        ("80.0", 86.5),
        ("60.0", 61.5),
        ("100.0", 101.5),
    ]


def test_a_curve_lies_in_the_band_of_its_intervals(drawn: list[Axes], tmp_path: Path) -> None:
    curve = Curve({0.5: SURE, 0.9: UNSURE, 1.0: Estimate(100.0)}, "counterfactuals")
    save_curves({"ours": curve}, tmp_path / "a", "resampled")
    assert drawn[0].get_ylabel() == "error on resampled images, %"
    (band,) = (artist for artist in drawn[0].collections if isinstance(artist, PolyCollection))
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    # An error of 0 has no place on the scale: 0.1 stands for it.
    assert corners == {(0, 30), (0, 15), (1, 40), (2, 0.1)}


def test_curves_name_the_best_methods_and_count_the_others(
    drawn: list[Axes], tmp_path: Path
) -> None:
    def level(value: float, kind: str) -> Curve:
        return Curve(dict.fromkeys((0.5, 0.9), Estimate(value)), kind)

    curves = {f"method {value}": level(value, "other") for value in (50, 30, 80, 70, 60, 40, 20)}
    curves |= {"ours": level(10, "counterfactuals"), "erm": level(5, "erm")}
    save_curves({**curves, "oracle": level(99, "oracle")}, tmp_path / "a", "resampled")
    legend = drawn[0].get_legend()
    assert legend is not None
    assert [words.get_text() for words in legend.get_texts()] == [
        "oracle",
        *[f"method {value}" for value in (80, 70, 60, 50, 40)],
        "ours",
        "erm",
        "2 other methods",
    ]
    colors = {line.get_label(): line.get_color() for line in drawn[0].lines}
    assert colors["oracle"] == colors["erm"] == "black"
    assert len({str(color) for color in colors.values()}) == 8  # two are black, the others grey


def test_errors_of_generators_have_the_intervals_of_accuracies(
    drawn: list[Axes], tmp_path: Path
) -> None:
    points = [("ours", 97.0, SURE), ("best", 98.0, Estimate(100.0, (99.0, 100.0)))]
    levels = {"oracle": Estimate(99.0, (98.5, 99.25)), "ERM": UNSURE}
    save_tradeoff([Panel("r = 0.9", points, levels)], tmp_path / "a", "resampled")
    assert drawn[0].get_ylabel() == "error on resampled images, %"
    # An error of 0 has no place on the scale: 0.1 stands for it.
    assert bars(drawn[0]) == pytest.approx(np.array([[[3, 15], [3, 30]], [[2, 0.1], [2, 1]]]))
    low, high = drawn[0].get_ylim()[::-1]
    assert low < 0.1
    assert high > 30
    assert drawn[0].get_title().endswith("oracle 99.0 [98.5, 99.2], ERM 60.0")
