from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cfaug.benchmarking.all_cells import cells_of
from cfaug.benchmarking.cells import Cell
from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.plan import Plan
from cfaug.benchmarking.recipes import Recipe
from cfaug.classifiers import objectives
from cfaug.classifiers.objectives import AugMix, CrossEntropy, Objective
from tests.integration.test_cli import ROOT

METHODS = sorted((ROOT / "experiments/methods").glob("*.yaml"))


def method(folder: Path, **said: object) -> Method:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(said))
    return Method(path)


@pytest.mark.parametrize(
    ("said", "alone", "composed"),
    [
        ({}, "none", "training"),
        ({"data": {"init_args": {"sampling": "class_balanced"}}}, "none", "training"),
        ({"data": {"init_args": {"sampling": "balanced"}}}, "training", "training"),
        ({"data": {"init_args": {"sampling": "deconfounded"}}}, "training", "training"),
        ({"data": {"init_args": {"oracle": True}}}, "known process", "known process"),
        ({"model": {"objective": "GroupDRO"}}, "training", "training"),
        ({"model": {"objective": {"class_path": "JTT"}}}, "none", "training"),
        ({"model": {"objective": "DFR"}}, "validation", "training and validation"),
    ],
)
def test_the_labels_that_a_method_uses_follow_from_its_options(
    tmp_path: Path, said: dict[str, object], alone: str, composed: str
) -> None:
    found = method(tmp_path, **said)
    assert Recipe(found).labels() == alone
    assert Recipe(found, composed=True).labels() == composed


def test_weights_that_are_chosen_by_groups_use_those_of_validation_images(tmp_path: Path) -> None:
    erm = method(tmp_path)
    assert Recipe(erm).labels("val_mean") == "validation"
    assert Recipe(erm, composed=True).labels("val_worst") == "training and validation"
    oracle = method(tmp_path, data={"init_args": {"oracle": True}})
    assert Recipe(oracle).labels("val_mean") == "known process"


def test_an_update_sees_as_many_images_whatever_is_made_of_each(tmp_path: Path) -> None:
    erm = method(tmp_path)
    assert Recipe(erm).batch_size(128) == 128
    assert Recipe(erm, composed=True).batch_size(128) == 64
    several = method(tmp_path, model={"edits_per_image": 3})
    assert Recipe(several).batch_size(128) == 128
    assert Recipe(several, composed=True).batch_size(128) == 32
    alone = Method(ROOT / "experiments/methods/no-originals.yaml")
    assert Recipe(alone, composed=True).batch_size(128) == 128
    assert Recipe(alone).batch_size(128) == 128
    pulled = method(tmp_path, model={"original_weight": 0.0})
    assert Recipe(pulled, composed=True).batch_size(128) == 64
    views = method(tmp_path, model={"objective": "AugMix"})
    assert Recipe(views).objective is AugMix
    assert Recipe(views).batch_size(128) == 42
    assert Recipe(views, composed=True).batch_size(128) == 32
    with pytest.raises(ValueError, match="mine makes 4 of each image, and an update has 3"):
        Recipe(views, composed=True).batch_size(3)


def test_options_of_all_yamls_and_of_tuning_count(tmp_path: Path) -> None:
    """The last that says an option counts, as in the command that is run."""
    erm, beneath = method(tmp_path), tmp_path / "counterfactual.yaml"
    beneath.write_text(yaml.safe_dump({"model": {"edits_per_image": 3, "objective": "AugMix"}}))
    assert Recipe(erm, (beneath,), composed=True).batch_size(120) == 20
    chosen = {"model.edits_per_image": 7, "model.objective": "DFR"}
    found = Recipe(erm, (beneath,), chosen, composed=True)
    assert found.batch_size(120) == 15
    assert found.labels() == "training and validation"
    own = method(tmp_path, model={"edits_per_image": 1})
    assert Recipe(own, (beneath,), composed=True).batch_size(120) == 30


def plan(folder: Path, **more: Any) -> Plan:
    """A plan of ERM, with counterfactuals too if ``more`` names a generator."""
    erm = (ROOT / "experiments/methods/erm.yaml",)
    told = {"counterfactual": ROOT / "experiments/classifier/counterfactual.yaml", **more}
    return Plan(
        base=ROOT / "experiments/base.yaml",
        data=(ROOT / "experiments/data/digits-colored.yaml",),
        methods=erm,
        folder=folder,
        with_counterfactuals=erm,
        judge_steps=0,
        seeds=(1,),
        **told,
    )


def options_of(cell: Cell) -> dict[str, Any]:
    """What the YAML says that the benchmark writes for a cell."""
    ((text,),) = ((part.files or {}).values() for part in cell.parts())
    said: dict[str, Any] = yaml.safe_load(text)
    return said


def test_a_cell_has_the_options_of_the_yaml_of_counterfactuals(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"model": {"edits_per_image": 3}}))
    generators = (ROOT / "experiments/generator/conditional-vae.yaml",)
    cells = cells_of(plan(tmp_path, counterfactual=mine, generators=generators))
    sizes = [options_of(cell)["data"]["init_args"]["batch_size"] for cell in cells]
    assert sizes == [128, 32]


@pytest.mark.parametrize(("name", "told"), [("balanced", 1), ("balanced-linear", 0)])
def test_a_method_may_have_a_network_of_its_own(tmp_path: Path, name: str, told: int) -> None:
    path = ROOT / f"experiments/methods/{name}.yaml"
    (cell,) = cells_of(replace(plan(tmp_path), methods=(path,)))
    (part,) = cell.parts()
    assert part.words.count("--model.backbone") == told
    assert str(path) in part.words


def test_what_is_no_method_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mine.yaml is no method"):
        Recipe(method(tmp_path, generator="x")).labels()
    with pytest.raises(ValueError, match="names the objective Nothing, which is not there"):
        Recipe(method(tmp_path, model={"objective": "Nothing"})).labels()


def test_every_objective_has_a_method() -> None:
    known = {getattr(objectives, name) for name in objectives.__all__} - {Objective}
    assert {Recipe(Method(path)).objective for path in METHODS} == known
    assert Recipe(Method(ROOT / "experiments/methods/balanced.yaml")).objective is CrossEntropy


def test_the_list_of_all_methods_has_all() -> None:
    folder = ROOT / "experiments/benchmarks"
    plan = yaml.safe_load((folder / "all-methods.yaml").read_text())
    composed = yaml.safe_load((folder / "compositions.yaml").read_text())["with_counterfactuals"]
    wanted = {path.name for path in METHODS}
    only_composed = {"no-invariance.yaml", "no-originals.yaml"}
    assert {Path(path).name for path in plan["methods"]} == wanted - only_composed
    assert {Path(path).name for path in composed} == wanted - {"oracle.yaml"}
    assert set(plan["with_counterfactuals"]) < set(composed)


@pytest.mark.parametrize("name", ["digits", "mnist-colored", "families", "cmnist10"])
def test_benchmarks_of_all_methods_leave_the_list_as_it_is(name: str) -> None:
    said = yaml.safe_load((ROOT / f"experiments/benchmarks/{name}.yaml").read_text())
    assert not said.keys() & {"methods", "with_counterfactuals", "tuned", "counterfactual"}
