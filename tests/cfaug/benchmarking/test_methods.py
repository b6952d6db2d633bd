from pathlib import Path

import pytest
import yaml

from cfaug.benchmarking.methods import Method
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
    assert found.labels(composed=False) == alone
    assert found.labels(composed=True) == composed


def test_an_update_sees_as_many_images_whatever_is_made_of_each(tmp_path: Path) -> None:
    erm = method(tmp_path)
    assert erm.batch_size(128, composed=False) == 128
    assert erm.batch_size(128, composed=True) == 64
    several = method(tmp_path, model={"edits_per_image": 3})
    assert several.batch_size(128, composed=False) == 128
    assert several.batch_size(128, composed=True) == 32
    views = method(tmp_path, model={"objective": "AugMix"})
    assert views.objective is AugMix
    assert views.batch_size(128, composed=False) == 42
    assert views.batch_size(128, composed=True) == 32
    with pytest.raises(ValueError, match="mine makes 4 of each image, and an update has 3"):
        views.batch_size(3, composed=True)


def test_what_is_no_method_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mine.yaml is no method"):
        method(tmp_path, generator="x").labels(composed=False)
    with pytest.raises(ValueError, match="names the objective Nothing, which is not there"):
        method(tmp_path, model={"objective": "Nothing"}).labels(composed=False)


def test_every_objective_has_a_method() -> None:
    known = {getattr(objectives, name) for name in objectives.__all__} - {Objective}
    assert {Method(path).objective for path in METHODS} == known
    assert Method(ROOT / "experiments/methods/balanced.yaml").objective is CrossEntropy


def test_the_list_of_all_methods_has_all() -> None:
    folder = ROOT / "experiments/benchmarks"
    plan = yaml.safe_load((folder / "all-methods.yaml").read_text())
    composed = yaml.safe_load((folder / "compositions.yaml").read_text())["with_counterfactuals"]
    wanted = {path.name for path in METHODS}
    only_composed = {"no-invariance.yaml"}
    assert {Path(path).name for path in plan["methods"]} == wanted - only_composed
    assert {Path(path).name for path in composed} == wanted - {"oracle.yaml"}
    assert set(plan["with_counterfactuals"]) < set(composed)


@pytest.mark.parametrize("name", ["digits", "mnist-colored", "families", "cmnist10"])
def test_benchmarks_of_all_methods_leave_the_list_as_it_is(name: str) -> None:
    said = yaml.safe_load((ROOT / f"experiments/benchmarks/{name}.yaml").read_text())
    assert not said.keys() & {"methods", "with_counterfactuals", "tuned", "counterfactual"}
