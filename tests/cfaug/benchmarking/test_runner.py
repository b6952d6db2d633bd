"""What a runner makes of a generator that cannot be trained, and what cells keep of its time."""

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from cfaug.benchmarking.all_cells import cells_of
from cfaug.benchmarking.computing.listing import lines_of_rest, minutes_of
from cfaug.benchmarking.computing.runner import Runner
from cfaug.benchmarking.plan import Plan
from datamodules.storage.atomic_files import write_json
from tests.integration.test_cli import ROOT

EXPERIMENTS = ROOT / "experiments"


def plan(folder: Path) -> Plan:
    """Two methods with the counterfactuals of a generator that is not judged."""
    methods = [EXPERIMENTS / f"methods/{name}.yaml" for name in ("erm", "balanced")]
    return Plan(
        base=EXPERIMENTS / "base.yaml",
        data=(EXPERIMENTS / "data/digits-colored.yaml",),
        methods=(methods[0],),
        folder=folder / "run",
        counterfactual=EXPERIMENTS / "classifier/counterfactual.yaml",
        generators=(EXPERIMENTS / "generator/conditional-vae.yaml",),
        with_counterfactuals=tuple(methods),
        judge_steps=0,
        seeds=(1,),
    )


class Commands:
    """Commands that leave what a cell reads, and train no network.

    Args:
        fails: The command that fails.
    """

    def __init__(self, fails: str = "") -> None:
        self.fails, self.names = fails, list[str]()

    def __call__(self, name: str, words: list[str]) -> None:
        self.names.append(name)
        if name == self.fails:
            raise ValueError("no memory is left")
        own = [Path(word) for word in words if word.endswith(f"/{name}.yaml")][-1]
        folder = Path(
            yaml.safe_load(own.read_text())["trainer"]["logger"][0]["init_args"]["save_dir"]
        )
        for file in ("metrics.json", "right.json"):
            write_json(folder / name / file, {})
        write_json(folder / name / "run.json", {"commit": "abc"})


def runner(commands: Commands) -> Runner:
    return Runner("cfaug benchmark", commands, Console(file=StringIO()))


def test_a_generator_that_fails_is_trained_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells, commands = cells_of(plan(tmp_path)), Commands(fails="generator")
    failed = runner(commands).compute(cells)
    assert commands.names == ["classifier", "generator"]
    names = ["conditional-vae", "erm+conditional-vae", "balanced+conditional-vae"]
    assert [cell.name for cell in failed] == names
    notes = [(cell.folder / "failed.txt").read_text() for cell in failed]
    assert "no memory is left" in notes[0]
    assert notes[1:] == 2 * [f"its generator failed, see {failed[0].folder / 'failed.txt'}"]
    assert capsys.readouterr().err.count("no memory is left") == 1
    again = Commands()
    assert not runner(again).compute(cells[1:])
    assert again.names == ["generator", "classifier", "classifier"]
    assert not list(tmp_path.rglob("failed.txt"))


def test_methods_keep_the_seconds_of_their_generator(tmp_path: Path) -> None:
    cells = cells_of(plan(tmp_path))
    generator = cells[1].needs()
    assert generator is not None
    write_json(generator.fit().seconds_file, {"seconds": 600.0})
    assert not runner(Commands()).compute(cells[:2])
    seconds = [json.loads(cell.result.read_text())["seconds"] for cell in cells[:2]]
    assert seconds[0].keys() == {"classifier"}
    assert seconds[1]["generator"] == 600
    (left,) = minutes_of(cells).values()
    assert left is not None
    assert left < 1  # the generator is trained


def test_listing_writes_nothing(tmp_path: Path) -> None:
    cells = cells_of(plan(tmp_path))
    assert len(minutes_of(cells)) == 3
    assert lines_of_rest(cells, jobs=1)[-1].startswith("3 left: how long they take is known once")
    assert [cell.parts()[0].name for cell in cells] == 3 * ["classifier"]
    assert not list(tmp_path.iterdir())
