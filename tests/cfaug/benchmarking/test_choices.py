"""What a tuning chooses among its draws, and what it leaves of earlier choices."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cfaug.benchmarking.plan import Plan
from cfaug.benchmarking.tuning.choices import Scores, scores_of, write_choices
from cfaug.benchmarking.tuning.draws import SCORE, DrawCell, Tuning, draw_cells
from tests.integration.test_cli import ROOT

EXPERIMENTS = ROOT / "experiments"
NEW = {"model.lr": 0.5}


def plan(folder: Path, *methods: str) -> Plan:
    return Plan(
        base=EXPERIMENTS / "base.yaml",
        data=(EXPERIMENTS / "data/digits-colored.yaml",),
        methods=tuple(EXPERIMENTS / f"methods/{name}.yaml" for name in methods),
        folder=folder / "run",
        counterfactual=EXPERIMENTS / "classifier/counterfactual.yaml",
        results=folder,
        strengths=(0.9,),
        seeds=(1, 2),
    )


def cells(folder: Path, *methods: str) -> list[DrawCell]:
    """The cells of two draws."""
    space = folder / "space.yaml"
    space.write_text(yaml.safe_dump({"every method": {"model.lr": {"values": [0.5]}}}))
    return draw_cells(plan(folder, *methods), Tuning(space, draws=2))


def finish(cell: DrawCell, score: float) -> None:
    cell.result.parent.mkdir(parents=True, exist_ok=True)
    cell.result.write_text(json.dumps({"options": cell.options, "figures": {SCORE: score}}))


def tuned(folder: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = yaml.safe_load((folder / "tuned.yaml").read_text())
    return found


def test_a_draw_that_lacks_a_seed_is_not_compared(tmp_path: Path) -> None:
    """Of the first seed draw 1 is worse, and its second one failed, on which all are bad."""
    found = cells(tmp_path, "erm")
    scores = {(0, 1): 90.0, (0, 2): 50.0, (1, 1): 80.0}
    for cell in found:
        if (score := scores.get((cell.number, cell.setting.seed))) is not None:
            finish(cell, score)
    assert scores_of(found) == {"erm": {0: 70.0}}
    assert write_choices(scores_of(found), found, tmp_path) == {"erm": {}}


def test_choices_of_other_methods_stay(tmp_path: Path) -> None:
    first, second = (cells(tmp_path, name) for name in ("erm", "balanced"))
    write_choices({"erm": {0: 60.0, 1: 70.0}}, first, tmp_path)
    write_choices({"balanced": {0: 90.0, 1: 80.0}}, second, tmp_path)
    assert tuned(tmp_path) == {"balanced": {}, "erm": NEW}
    assert (tmp_path / "draws.csv").read_text().splitlines() == [
        f"method,draw,{SCORE},chosen,model.lr",
        "balanced,0,90.0,True,",
        "balanced,1,80.0,False,0.5",
        "erm,0,60.0,False,",
        "erm,1,70.0,True,0.5",
    ]
    write_choices({"erm": {0: 70.0, 1: 60.0}}, first, tmp_path)
    assert tuned(tmp_path) == {"balanced": {}, "erm": {}}
    assert len((tmp_path / "draws.csv").read_text().splitlines()) == 5


def test_a_method_without_a_finished_draw_keeps_its_choice(tmp_path: Path) -> None:
    found = cells(tmp_path, "erm", "balanced")
    write_choices({"erm": {1: 70.0}, "balanced": {1: 70.0}}, found, tmp_path)
    for cell in found:
        if cell.key == "balanced" and cell.number == 0:
            finish(cell, 90.0)
    assert write_choices(scores_of(found), found, tmp_path) == {"balanced": {}}
    assert tuned(tmp_path) == {"balanced": {}, "erm": NEW}


@pytest.mark.parametrize(("name", "said"), [("tuned.yaml", "[1]"), ("draws.csv", "a,b\n1,2\n")])
def test_a_file_of_another_kind_is_not_written_over(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text(said)
    scores: Scores = {"erm": {0: 60.0}}
    with pytest.raises(ValueError, match=f"{name} is no file of `cfaug tune`"):
        write_choices(scores, cells(tmp_path, "erm"), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {name, "space.yaml"}


@pytest.mark.parametrize("name", ["data", "seeds", "backbones", "strengths"])
def test_an_empty_list_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"--{name} is empty, so that there is nothing to comp"):
        replace(plan(tmp_path, "erm"), **{name: ()})
