"""The pictures of a benchmark, on worked examples."""

from pathlib import Path

import pytest

from cfaug.benchmarking.comparing.benchmark_pictures import costs, panels
from cfaug.benchmarking.comparing.benchmark_tables import write_tables
from cfaug.benchmarking.comparing.rows import summarize, summarize_generators
from tests.cfaug.benchmarking.kept import write_cell, write_generator


def test_several_strengths_give_a_curve(tmp_path: Path) -> None:
    for strength in (0.9, 0.99):
        write_cell(tmp_path, "erm", strength, 0, 50.0)
        write_cell(tmp_path, "erm+ours", strength, 0, 90.0)
    write_tables(summarize(tmp_path), [], tmp_path)
    assert (tmp_path / "strengths.png").stat().st_size > 5_000
    assert not (tmp_path / "accuracy.png").exists()


@pytest.mark.parametrize("accuracy", [50.0, 90.0])  # 90: all are as good as the oracle
def test_two_generators_give_a_picture_of_generators(tmp_path: Path, accuracy: float) -> None:
    write_cell(tmp_path, "erm", 0.9, 0, accuracy)
    write_cell(tmp_path, "oracle", 0.0, 0, 90.0)
    picture = tmp_path / "tradeoff.png"
    for name in ("ours", "theirs"):
        assert not picture.exists()
        write_cell(tmp_path, f"erm+{name}", 0.9, 0, 90.0)
        write_generator(tmp_path, name, 0.9)
        rows, generators = summarize(tmp_path), summarize_generators(tmp_path)
        assert (picture in write_tables(rows, generators, tmp_path)) == picture.exists()
    assert picture.exists()


def test_generators_are_compared_for_each_network(tmp_path: Path) -> None:
    for network in ("mlp", "convnet"):
        for name in ("erm", "erm+ours", "erm+theirs", "balanced"):
            write_cell(tmp_path, f"{name}@{network}", 0.9, 0, 80.0, backbone=network)
        write_cell(tmp_path, f"oracle@{network}", 0.0, 0, 90.0, backbone=network)
    for name in ("ours", "theirs"):
        write_generator(tmp_path, name, 0.9)
    found = panels(summarize(tmp_path), summarize_generators(tmp_path))
    assert [panel.title for panel in found] == ["r = 0.9, convnet", "r = 0.9, mlp"]
    for panel in found:
        assert [(name, effect) for name, effect, _ in panel.points] == [
            ("ours", 91),
            ("theirs", 91),
        ]
        assert list(panel.levels) == ["erm", "balanced", "oracle"]


def test_the_cost_of_counterfactuals_includes_their_generator(tmp_path: Path) -> None:
    for name in ("erm", "erm+ours", "erm+lost"):
        write_cell(tmp_path, name, 0.9, 0, 90.0)
    both = {"classifier": 60.0, "generator": 500.0}
    write_cell(tmp_path, "erm+unjudged", 0.9, 0, 90.0, seconds=both)
    write_generator(tmp_path, "ours", 0.9)
    found = costs(summarize(tmp_path), summarize_generators(tmp_path), 0.9)
    assert {name: cost.seconds for name, cost in found.items()} == {
        "erm": 60,
        "erm+ours": 660,
        "erm+unjudged": 560,
    }
    assert [name for name, cost in found.items() if not cost.has_generator] == ["erm"]
