"""The advice of a benchmark, on figures that leave no doubt."""

import csv
import json
from pathlib import Path

import pytest

from cfaug.classifiers.group_table import COLUMNS
from cfaug.reporting.advice import advice, compared
from cfaug.reporting.runs import Run

ACCURACIES = {"erm": 70.0, "balanced": 80.0, "erm+vae": 90.0, "oracle": 99.0}


def benchmark(
    folder: Path,
    accuracy: dict[str, float],
    difference: tuple[float, float, float],
    after: str = "",
    **record: object,
) -> Run:
    """A benchmark as it is recorded, with the interval of the best with counterfactuals."""
    figures = {f"resampled_accuracy/{n}{after}": value for n, value in accuracy.items()}
    best = max((n for n in accuracy if "+" in n), key=accuracy.__getitem__, default="")
    erm = accuracy["erm"] - max(v for n, v in accuracy.items() if "+" not in n and n != "oracle")
    for name, ends in {best: difference, "erm": (erm, erm - 1, erm + 1)}.items():
        if name and (name != "erm" or erm):
            keys = (f"difference{end}/{name}{after}" for end in ("", "_low", "_high"))
            figures |= dict(zip(keys, ends, strict=True))
    record["methods"] = {f"{name}{after}": role(name) for name in accuracy}
    return Run("compare", folder, "benchmark", record, figures)


def role(name: str, **more: str) -> dict[str, object]:
    method, composed, _ = name.partition("+")
    told = {"method": method, "oracle": method == "oracle", "counterfactuals": bool(composed)}
    return {"backbone": "convnet", **told, **more}


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (
            (10.0, 4.0, 16.0),
            "Use erm+vae: 90.0 % of resampled test images right, 10.0 points above balanced, the "
            "best method without counterfactuals (95 % interval 4.0 to 16.0).",
        ),
        (
            (1.0, -2.0, 4.0),
            "Use balanced, the simpler: 80.0 % of resampled test images right. erm+vae, the best "
            "with counterfactuals, is 1.0 points above, which may be chance (95 % interval -2.0 to "
            "4.0).",
        ),
        (
            (-6.0, -9.0, -3.0),
            "Use balanced: 80.0 % of resampled test images right. Counterfactuals do not help "
            "here: erm+vae, the best with them, is 6.0 points below (95 % interval -9.0 to -3.0).",
        ),
    ],
)
def test_it_follows_from_the_difference_to_the_best_baseline(
    difference: tuple[float, float, float], expected: str, tmp_path: Path
) -> None:
    told = advice([benchmark(tmp_path, ACCURACIES, difference)])
    assert told[0] == expected
    assert told[1] == (
        "Ordinary training (erm): 70.0 % of resampled test images right, 10.0 points below "
        "balanced (95 % interval 9.0 to 11.0)."
    )


def test_ordinary_training_may_be_best(tmp_path: Path) -> None:
    told = advice([benchmark(tmp_path, {"erm": 90.0, "balanced": 80.0}, (0, 0, 0), test_on="val")])
    assert told == [
        "Use erm, the best of 2 methods: 90.0 % of resampled validation images right.",
        "No other method without counterfactuals beats ordinary training (erm).",
    ]


def test_where_methods_are_alike_the_simplest_is_named(tmp_path: Path) -> None:
    alike = {"balanced": 80.0, "erm": 80.0, "erm+vae": 80.0}
    told = advice([benchmark(tmp_path, alike, (0.0, -1.0, 1.0))])
    assert told[0] == (
        "Use erm, the simpler: 80.0 % of resampled test images right. erm+vae, the best with "
        "counterfactuals, is as good (95 % interval -1.0 to 1.0)."
    )


def test_several_strengths_get_no_advice(tmp_path: Path) -> None:
    run = benchmark(tmp_path, ACCURACIES, (10, 4, 16), after="/r-0.95")
    assert compared(run) == []
    assert advice([run]) == []
    assert advice([]) == []


def several_networks(folder: Path, resnet: float) -> Run:
    """Counterfactuals help one network, and the other is as good as it is without them."""
    accuracy = {"erm@convnet": 75.0, "erm+g@convnet": 80.0, "erm@resnet18": resnet}
    record: dict[str, object] = {"test_on": "val", "methods": {}}
    record["methods"] = {
        "erm@convnet": role("erm"),
        "erm+g@convnet": role("erm+g", best_baseline="erm@convnet"),
        "erm@resnet18": role("erm", backbone="resnet18"),
    }
    figures = {f"resampled_accuracy/{name}": value for name, value in accuracy.items()}
    ends = {"": 5.0, "_low": 3.0, "_high": 7.0}
    figures |= {f"difference{end}/erm+g@convnet": value for end, value in ends.items()}
    return Run("compare", folder, "benchmark", record, figures)


def test_methods_are_compared_with_those_of_their_own_network(tmp_path: Path) -> None:
    assert advice([several_networks(tmp_path, 90.0)]) == [
        "Use erm@resnet18, the only method with resnet18: 90.0 % of resampled validation images "
        "right.",
        "With other networks, by accuracy alone: erm+g@convnet 80.0 %.",
        "No other method without counterfactuals beats ordinary training (erm@resnet18).",
    ]
    first, others, *_ = advice([several_networks(tmp_path, 60.0)])
    assert first == (
        "Use erm+g@convnet: 80.0 % of resampled validation images right, 5.0 points above "
        "erm@convnet, the best method without counterfactuals (95 % interval 3.0 to 7.0)."
    )
    assert others == "With other networks, by accuracy alone: erm@resnet18 60.0 %."


def test_the_baseline_is_the_one_that_differences_are_to(tmp_path: Path) -> None:
    run = benchmark(tmp_path, ACCURACIES, (10.0, 4.0, 16.0))
    run.record["methods"]["erm+vae"]["best_baseline"] = "erm"
    assert "10.0 points above erm, the best method" in advice([run])[0]


def test_a_record_that_does_not_tell_of_methods_gets_no_advice(tmp_path: Path) -> None:
    figures = {"resampled_accuracy/erm": 90.0}
    assert advice([Run("compare", tmp_path, "benchmark", {}, figures)]) == []


def test_the_weakest_groups_and_faults_of_edits_are_named(tmp_path: Path) -> None:
    cell = tmp_path / "as-given/erm+vae/seed-1/classifier"
    cell.mkdir(parents=True)
    with (cell / "groups.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([COLUMNS[0], "hair", "sex", *COLUMNS[1:]])
        rows.writerow(["resampled", "blond", "f", 40, 40, 38, 95.0, 83.5, 98.6])
        rows.writerow(["resampled", "blond", "m", 20, 40, 10, 25.0, 11.2, 46.9])
        rows.writerow(["resampled", "dark", "f", 20, 40, 20, 50.0, 30.0, 70.0])
        rows.writerow(["resampled", "dark", "m", 5, 5, 0, 0.0, 0.0, 43.4])
        rows.writerow(["confounded", "dark", "m", 50, 50, 0, 0.0, 0.0, 5.0])
    audit = tmp_path / "as-given/audit"
    audit.mkdir()
    (audit / "audit.json").write_text(json.dumps({"fewest": {"hair=blond, sex=m": 12}}))
    judged = {"test/judge/sex": 99.0, "test/effectiveness/do-sex/sex": 60.0}
    judged |= {"test/leakage/sex": 50.0, "test/leakage_chance/sex": 50.0}
    runs = [
        benchmark(tmp_path, ACCURACIES, (10.0, 4.0, 16.0)),
        Run("as-given/erm+vae/seed-1/classifier", cell, "classifier", {}, {}),
        Run("as-given/audit", audit, "audit", {}, {}),
        Run("as-given/vae/seed-1/evaluate", tmp_path, "evaluate", {}, judged),
    ]
    *_, edits, wanted, flattered = advice(runs)
    assert flattered == "Test images have made this choice, so its figures flatter it a little."
    assert edits == (
        "Beware of the edits: Edits that do not always take, as a judge reads them: sex (60.0 %, "
        "of real images 99.0 %)."
    )
    assert wanted == (
        "erm+vae is weakest on hair blond, sex m (25.0 % right, 12 training images); hair dark, "
        "sex f (50.0 % right): training images of these are what to look for first."
    )
    judged["test/effectiveness/do-sex/sex"] = 98.0
    assert "Judges and probes find nothing wrong with the generator's edits." in advice(runs)


def test_groups_are_means_over_seeds_and_none_is_weak_that_is_all_right(tmp_path: Path) -> None:
    runs = [benchmark(tmp_path, {"erm": 90.0}, (0, 0, 0), test_on="val")]
    for seed, (first, second) in enumerate([(10, 70), (100, 71), (100, 72)]):
        cell = tmp_path / f"as-given/erm/seed-{seed}/classifier"
        cell.mkdir(parents=True)
        with (cell / "groups.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([COLUMNS[0], "sex", *COLUMNS[1:]])
            for sex, right in (("f", first), ("m", second), ("x", 100)):
                rows.writerow(["resampled", sex, 100, 100, right, right, 0, 100])
        runs.append(Run(f"as-given/erm/seed-{seed}/classifier", cell, "classifier", {}, {}))
    assert advice(runs)[-1].startswith("erm is weakest on sex f (70.0 % right); sex m (71.0 %")
