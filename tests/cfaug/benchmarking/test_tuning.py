"""Random draws of options, and what a benchmark makes of the choice."""

from pathlib import Path

import pytest
import yaml

from cfaug.benchmarking.cells import GeneratorCell, MethodCell
from cfaug.benchmarking.commands import Setting
from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.plan import Plan
from cfaug.benchmarking.tuning.choices import best_of
from cfaug.benchmarking.tuning.space import Space
from tests.integration.test_cli import ROOT

METHODS = ROOT / "experiments/methods"
OURS = Space(ROOT / "experiments/tuning/space.yaml")


def method(name: str) -> Method:
    return Method(METHODS / f"{name}.yaml")


def test_the_first_draw_is_what_the_yamls_say() -> None:
    assert OURS.draw(method("irm"), 0, 0, composed=True) == {}
    assert OURS.draw(method("irm"), 0, 1, composed=True) != {}


def test_a_draw_has_the_options_of_all_of_counterfactuals_and_of_the_method() -> None:
    common = {"model.lr", "model.weight_decay"}
    beside = {"model.counterfactual_weight", "model.invariance_weight", "model.invariance"}
    own = {"model.objective.init_args.weight", "model.objective.init_args.warmup"}
    assert OURS.draw(method("irm"), 0, 1, composed=True).keys() == common | beside | own
    assert OURS.draw(method("irm"), 0, 1, composed=False).keys() == common | own
    assert OURS.draw(method("erm"), 0, 1, composed=False).keys() == common


def test_methods_share_the_values_of_what_they_share_in_a_draw() -> None:
    first = [OURS.draw(method("erm"), 0, n, composed=False) for n in range(1, 9)]
    other = [OURS.draw(method("vrex"), 0, n, composed=True) for n in range(1, 9)]
    assert [d["model.lr"] for d in first] == [d["model.lr"] for d in other]
    assert len({d["model.lr"] for d in first}) == 8
    assert all(0.001 <= d["model.lr"] <= 0.01 for d in first)
    assert OURS.draw(method("erm"), 1, 1, composed=False) not in first


def test_what_a_method_says_itself_is_not_drawn() -> None:
    drawn = OURS.draw(method("no-invariance"), 0, 1, composed=True)
    assert "model.counterfactual_weight" in drawn
    assert "model.invariance_weight" not in drawn


@pytest.mark.parametrize("path", sorted(METHODS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_space_names_only_methods_that_are_there(path: Path) -> None:
    known = {"every method", "counterfactuals", *(p.stem for p in METHODS.glob("*.yaml"))}
    assert yaml.safe_load(OURS.path.read_text()).keys() <= known
    OURS.draw(Method(path), 0, 1, composed=True)


def test_what_is_no_space_is_told(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"space.yaml is no space: it may only have every method"):
        Space(path).draw(method("erm"), 0, 1, composed=False)
    path.write_text(yaml.safe_dump({"erm": {"model.lr": {"min": 1}}}))
    with pytest.raises(ValueError, match=r"space.yaml: model.lr is {'min': 1}, expected values"):
        Space(path).draw(method("erm"), 0, 1, composed=False)


def test_the_first_of_equals_is_chosen() -> None:
    assert best_of({0: 90.0, 1: 91.0, 2: 91.0}) == 1
    assert best_of({0: 90.0, 3: 90.0}) == 0


def plan(tuned: Path | None) -> Plan:
    path = Path()
    return Plan(base=path, data=(path,), methods=(), folder=path, counterfactual=path, tuned=tuned)


def test_a_method_that_was_not_tuned_with_counterfactuals_has_those_of_erm(tmp_path: Path) -> None:
    path = tmp_path / "tuned.yaml"
    ours = {"model.lr": 0.002, "model.invariance_weight": 0.3}
    irm = {"model.lr": 0.005, "model.objective.init_args.weight": 7}
    path.write_text(yaml.safe_dump({"irm": irm, "erm+counterfactuals": ours, "jtt": {}}))
    assert plan(path).tuned_options("irm") == irm
    assert plan(path).tuned_options("erm") == {}
    assert plan(path).tuned_options("erm+counterfactuals") == ours
    both = {**ours, "model.objective.init_args.weight": 7}
    assert plan(path).tuned_options("irm+counterfactuals") == both
    assert plan(path).tuned_options("jtt+counterfactuals") == ours
    assert plan(None).tuned_options("irm+counterfactuals") == {}


def test_what_a_method_says_itself_is_not_that_of_erm(tmp_path: Path) -> None:
    path = tmp_path / "tuned.yaml"
    ours = {"model.lr": 0.002, "model.invariance_weight": 0.3}
    path.write_text(yaml.safe_dump({"erm+counterfactuals": ours}))
    setting = Setting(plan(path), Path(), 0.9, 1)
    generator = GeneratorCell(setting, Path("vae.yaml"))
    cells = [MethodCell(setting, method(n), "convnet", generator) for n in ("no-invariance", "irm")]
    assert [cell.chosen for cell in cells] == [{"model.lr": 0.002}, ours]


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tuned.yaml"
    path.write_text("erm: 3")
    with pytest.raises(ValueError, match=r"tuned.yaml is no file of `cfaug tune`"):
        plan(path).tuned_options("erm")
