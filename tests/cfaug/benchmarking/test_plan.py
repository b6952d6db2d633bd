"""What a plan makes of the data that it names."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cfaug.benchmarking.all_cells import cells_of
from cfaug.benchmarking.plan import Plan, has_oracle, require_fair
from cfaug.benchmarking.recipes import refuse_methods_that_saw
from tests.integration.test_cli import ROOT


def data(folder: Path, kind: str = "CelebA", **options: object) -> Path:
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump({"data": {"class_path": kind, "init_args": options}}))
    return path


def plan(path: Path) -> Plan:
    methods = ROOT / "experiments/methods"
    return Plan(
        base=ROOT / "experiments/base.yaml",
        data=(path,),
        methods=(methods / "erm.yaml", methods / "oracle.yaml"),
        folder=path.parent / "run",
        counterfactual=ROOT / "experiments/classifier/counterfactual.yaml",
        seeds=(1,),
    )


@pytest.mark.parametrize(
    ("kind", "options", "strengths", "expected"),
    [
        ("CelebA", {}, None, False),
        ("CelebA", {"strength": 0.9}, None, True),
        ("ImagesWithTable", {"conflicting_share": 0.1}, None, True),
        ("ImagesWithTable", {}, (0.9, 0.95), True),
        ("Faces", {}, None, True),
        ("ConfoundedDigits", {}, None, True),
    ],
)
def test_images_in_files_have_an_oracle_if_a_strength_takes_them(
    kind: str,
    options: dict[str, object],
    strengths: tuple[float, ...] | None,
    expected: bool,
    tmp_path: Path,
) -> None:
    path = data(tmp_path, kind, **options)
    assert has_oracle(path, strengths) == expected
    named = [cell.name for cell in cells_of(replace(plan(path), strengths=strengths))]
    assert ("oracle" in named) == expected


def test_strengths_of_images_in_files_need_one_number_of_images(tmp_path: Path) -> None:
    strengths = (0.9, 0.95)
    with pytest.raises(ValueError, match=r"data.yaml; set train_size there"):
        require_fair(replace(plan(data(tmp_path)), strengths=strengths))
    require_fair(replace(plan(data(tmp_path, train_size=400)), strengths=strengths))
    require_fair(replace(plan(data(tmp_path, "ConfoundedDigits")), strengths=strengths))
    require_fair(plan(data(tmp_path, strength=0.9)))
    with pytest.raises(ValueError, match="conflicting_share, which takes the place of --strengths"):
        require_fair(replace(plan(data(tmp_path, conflicting_share=0.1)), strengths=strengths))
    with pytest.raises(ValueError, match="names counterfactuals"):
        require_fair(plan(data(tmp_path, counterfactuals="runs/augment")))


def test_what_is_tested_on_validation_images_is_another_cell(tmp_path: Path) -> None:
    told = plan(data(tmp_path, strength=0.9))
    on_val = replace(told, test_on="val", redraw=False)
    before, after = (cells_of(each)[0] for each in (told, on_val))
    assert after.options == {**before.options, "test_on": "val", "redraw": "false"}
    words = after.setting.data_words()
    assert words == ["--data.init_args.test_on", "val"]  # the seed is that of the YAML
    assert before.setting.data_words() == ["--data.init_args.seed", "1"]


def test_a_seed_with_other_options_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    told = plan(data(tmp_path, strength=0.9))
    done, other = (cells_of(replace(told, seeds=(seed,)))[0] for seed in (1, 2))
    done.result.parent.mkdir(parents=True)
    done.result.write_text(json.dumps({"options": done.options}))
    assert done.is_done()
    assert not other.is_done()
    (longer, *_) = cells_of(replace(told, seeds=(2,), updates=8000))
    with pytest.raises(ValueError, match=r"seed-1.json was computed with updates 860 instead of 8"):
        longer.is_done()
    done.result.write_text("[]")
    with pytest.raises(ValueError, match=r"seed-1.json is damaged; remove it"):
        other.is_done()


def test_what_has_seen_validation_images_is_not_tested_on_them(tmp_path: Path) -> None:
    told = plan(data(tmp_path, strength=0.9))
    with pytest.raises(ValueError, match="--selection val_mean chooses by validation images"):
        replace(told, test_on="val", selection="val_mean")
    dfr = replace(told, methods=(ROOT / "experiments/methods/dfr.yaml",))
    refuse_methods_that_saw(dfr)
    with pytest.raises(ValueError, match="dfr learns from validation images, and --test_on val"):
        refuse_methods_that_saw(replace(dfr, test_on="val"))
    with pytest.raises(ValueError, match="dfr learns from validation images, and tuning chooses"):
        refuse_methods_that_saw(dfr, tuning=True)
    with pytest.raises(ValueError, match="and --selection val_worst chooses among checks, of whic"):
        refuse_methods_that_saw(replace(dfr, selection="val_worst"))
    both = replace(dfr, data=(data(tmp_path, strength=0.9, test_on="val"),))
    with pytest.raises(ValueError, match=r"test_on: val of .*data.yaml tests on them; leave it"):
        refuse_methods_that_saw(both)
    refuse_methods_that_saw(replace(both, test_on="test"))


def test_make_train_classifier_has_the_options_that_tuning_chose() -> None:
    said = yaml.safe_load((ROOT / "experiments/classifier/tuned.yaml").read_text())
    chosen = yaml.safe_load((ROOT / "experiments/results/tuning/tuned.yaml").read_text())
    told = {f"model.{name}": value for name, value in said["model"].items()}
    assert told == chosen["erm+counterfactuals"]
