"""The verdict of worked examples: which sentences stand there, and which do not."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cfaug.classifiers.intervals import wilson
from cfaug.reporting.blocks import Points
from cfaug.reporting.runs import Run, find_runs
from cfaug.reporting.verdict import verdict

COLUMNS = ["images", "read", "correct", "accuracy", "low", "high"]


def leave(folder: Path, command: str, figures: dict[str, float], **more: str) -> Path:
    folder.mkdir(parents=True)
    record = {"command": f"cfaug {command}", "dataset": "digits", **more}
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "metrics.json").write_text(json.dumps(figures))
    return folder


def pair(first: str, second: str, cnf: float, p: float = 0.003) -> dict[str, Any]:
    names = {"first": first, "second": second, "cnf": cnf, "cnf_low": cnf - 0.1}
    return {**names, "cnf_high": cnf + 0.1, "holm_p_value": p}


def audit(folder: Path, pairs: list[dict[str, Any]], **more: Any) -> None:
    place = leave(folder, "audit", {"audit/empty_groups": 141, "audit/rare_groups": 49})
    found = {"label": "digit", "combinations": 200, "pairs": pairs, "thin": None, **more}
    (place / "audit.json").write_text(json.dumps(found))


def classifier(
    folder: Path,
    accuracy: float,
    method: str,
    groups: list[tuple[str, int, int]],
    half: float | None = 4.0,
    test_set: str = "unconfounded",
) -> None:
    """Leave a run whose intervals are twice ``half`` long; None for one without them."""
    figures = {f"test/{test_set}_accuracy": accuracy, "test/confounded_accuracy": 99.0}
    if half is not None:
        for name, value in list(figures.items()):
            figures |= {f"{name}_low": value - half, f"{name}_high": min(100.0, value + half)}
    place = leave(folder, "classifier fit", figures, method=method)
    with (place / "groups.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["test_set", "digit", "color", *COLUMNS])
        for digit, images, correct in groups:
            ends = [100 * correct / images, *wilson(correct / images, images)]
            rows.writerow([test_set, digit, "red", images, images, correct, *ends])


def judged(folder: Path, changes: dict[str, float]) -> None:
    figures = {"transfer/real": 98.0, "transfer/edited": 99.0}
    for name in ("digit", "color"):
        figures |= {f"judge/{name}": 99.0, f"leakage/{name}": 15.0, f"leakage_chance/{name}": 10.0}
        for other in ("digit", "color"):
            figures[f"effectiveness/do-{name}/{other}"] = 97.0
    figures |= changes
    leave(folder, "evaluate", {f"test/{name}": value for name, value in figures.items()})


def said(folder: Path) -> dict[str, list[str]]:
    blocks = verdict(find_runs(folder)).blocks
    assert all(isinstance(block, Points) for block in blocks)
    return {block.title: list(block.sentences) for block in blocks if isinstance(block, Points)}


CONFOUNDED, CLASSIFIERS, CAUTIONS = (
    "What was confounded",
    "What each classifier makes of it",
    "What to beware of",
)


def test_an_audit_alone_tells_what_was_confounded(tmp_path: Path) -> None:
    thin = {"names": ["digit", "color"], "combinations": 100, "empty": 1, "rare": 1}
    thin |= {"images": {"0/yellow": 0, "4/red": 2}}
    pairs = [pair("digit", "color", 4.17), pair("size", "digit", 1.15, 0.0001)]
    audit(tmp_path / "audit", [*pairs, pair("digit", "hat", 0.01, 0.6), pair("hat", "color", 3.0)])
    assert said(tmp_path) == {
        CONFOUNDED: [
            "color tells of the label digit: CNF 4.17 nats (95 % interval 4.07 to 4.27), p 0.003.",
            "size tells of the label digit: CNF 1.15 nats (95 % interval 1.05 to 1.25), "
            "p below 0.001.",
            "Of 200 combinations of values 141 have no training image, and 49 have few.",
        ]
    }
    audit(tmp_path / "b/audit", pairs, thin=thin)
    (caution,) = said(tmp_path / "b")[CAUTIONS]
    assert caution.startswith("Of 100 combinations of digit and color 1 have no training image")
    assert "among them 0/yellow (none), 4/red (2)" in caution


def test_what_is_not_confounded_is_said_too_and_huge_counts_are_not(tmp_path: Path) -> None:
    audit(tmp_path / "audit", [pair("digit", "color", 0.01, 0.7)], combinations=2**40)
    assert said(tmp_path)[CONFOUNDED] == ["No attribute tells of the label beyond chance."]


def test_full_combinations_are_said_in_words(tmp_path: Path) -> None:
    audit(tmp_path / "audit", [pair("digit", "color", 0.5, 1 / 1001)], combinations=4)
    (tmp_path / "audit/metrics.json").write_text(
        '{"audit/empty_groups": 0, "audit/rare_groups": 0}'
    )
    assert said(tmp_path)[CONFOUNDED] == [
        "color tells of the label digit: CNF 0.50 nats (95 % interval 0.40 to 0.60), p 0.001.",
        "All 4 combinations of values have training images.",
    ]


def test_many_confounded_attributes_are_counted(tmp_path: Path) -> None:
    audit(tmp_path / "audit", [pair("digit", f"a{k}", 4.0 - k / 10) for k in range(39)])
    told = said(tmp_path)[CONFOUNDED]
    assert len(told) == 5
    assert told[3] == "36 more do so beyond chance."


def test_a_classifier_of_files_is_told_by_its_resampled_test_set(tmp_path: Path) -> None:
    groups = [("8", 20, 5), ("7", 20, 20), ("6", 5, 0)]
    classifier(tmp_path / "erm/seed-0", 57.2, "erm", groups, test_set="resampled")
    told = said(tmp_path)
    (sentence,) = told[CLASSIFIERS]
    assert sentence.startswith("erm: 57.2 % of resampled test images right (95 % interval 53.2 to")
    assert sentence.endswith("in the worst group 25.0 % (11.2 to 46.9) of 20: digit 8, color red.")
    assert told[CAUTIONS][0].startswith("1 of the 3 groups in the resampled test set have fewer")


def test_classifiers_are_told_beside_the_oracle(tmp_path: Path) -> None:
    large = [("8", 20, 5), ("7", 20, 20), ("6", 5, 0)]
    classifier(tmp_path / "erm/seed-0", 57.2, "erm", large)
    classifier(tmp_path / "oracle/seed-0", 99.0, "oracle", large[1:2])
    told = said(tmp_path)
    assert told[CLASSIFIERS] == [
        # 5 and 20 of 20 (Wilson, by hand).
        "erm: 57.2 % of unconfounded test images right (95 % interval 53.2 to 61.2); 99.0 % of "
        "confounded ones (95.0 to 100.0); 41.8 points below the oracle, and the intervals do not "
        "overlap; in the worst group 25.0 % (11.2 to 46.9) of 20: digit 8, color red.",
        "oracle: 99.0 % of unconfounded test images right (95 % interval 95.0 to 100.0); 99.0 % of "
        "confounded ones (95.0 to 100.0); in the worst group 100.0 % (83.9 to 100.0) of 20: "
        "digit 7, color red.",
    ]
    assert told[CAUTIONS] == [
        "1 of the 3 groups in the unconfounded test set have fewer than 10 images; none of these "
        "is called the worst.",
        "One seed each: the intervals are of the test images alone, and with another seed a figure "
        "may differ by a few points; train with more seeds.",
    ]
    assert CONFOUNDED not in told


@pytest.mark.parametrize(
    ("accuracy", "half", "said_of_it"),
    [
        (92.0, 3.0, "7.0 points below the oracle, and the intervals do not overlap"),
        (92.0, 4.0, "7.0 points below the oracle, which may be chance, as the intervals overlap"),
        (99.9, 3.0, "0.9 points above the oracle, which may be chance, as the intervals overlap"),
        (99.04, 3.0, "as accurate as the oracle"),
        (92.0, None, "7.0 points below the oracle"),
    ],
)
def test_less_than_the_oracle_is_said_with_whether_the_intervals_overlap(
    accuracy: float, half: float | None, said_of_it: str, tmp_path: Path
) -> None:
    classifier(tmp_path / "ours", accuracy, "counterfactual", [("8", 20, 20)], half)
    classifier(tmp_path / "oracle", 99.0, "oracle", [("8", 20, 20)], 3.0)
    ours = next(sentence for sentence in said(tmp_path)[CLASSIFIERS] if "ours: " in sentence)
    assert ours.split("; ")[2] == said_of_it


def test_seeds_share_a_sentence(tmp_path: Path) -> None:
    for seed, accuracy in enumerate((80.0, 90.0)):
        classifier(tmp_path / f"r-0.9/erm/seed-{seed}/classifier", accuracy, "erm", [("8", 9, 5)])
    told = said(tmp_path)
    (sentence,) = told[CLASSIFIERS]
    assert sentence.startswith("r-0.9/erm/classifier: 85.0 % of unconfounded test images right (")
    # t s / √2 = 12.706 × 7.071 / 1.414 = 63.53 and 4, in quadrature, on both sides.
    assert "(mean of 2 seeds, 95 % interval 21.3 to 100.0)" in sentence
    assert "worst group" not in sentence  # of nine images
    assert told[CAUTIONS] == [
        "No group of the unconfounded test set has 10 images, so that none is called the worst."
    ]


def test_a_classifier_of_an_old_run_without_groups(tmp_path: Path) -> None:
    leave(tmp_path / "a", "classifier fit", {"test/unconfounded_accuracy": 70.0})
    assert said(tmp_path)[CLASSIFIERS] == ["a: 70.0 % of unconfounded test images right."]


@pytest.mark.parametrize(
    ("changes", "caution"),
    [
        ({"leakage/color": 20.1}, "from edits of color (20.1 %, guessing 10.0 %)."),
        ({"leakage/color": 20.0}, ""),
        (
            {"effectiveness/do-color/color": 93.0},
            "do not always take, as a judge reads them: color (93.0 %, of real images 99.0 %).",
        ),
        ({"effectiveness/do-color/color": 94.5}, ""),
        (
            {"effectiveness/do-color/digit": 80.0},
            "Not always kept: digit by do(color) (80.0 %, of real images 99.0 %).",
        ),
        ({"judge/color": 54.0}, "so that they say little, of color (54.0 % right)."),
        ({"judge/color": 56.0}, ""),
        ({"transfer/real": 80.0}, "is right on 99.0 % of edited but 80.0 % of real images"),
    ],
)
def test_a_judged_generator_is_warned_of_from_a_limit_on(
    changes: dict[str, float], caution: str, tmp_path: Path
) -> None:
    judged(tmp_path / "evaluate", changes)
    told = said(tmp_path)[CAUTIONS]
    if caution:
        assert len(told) == 1
        assert caution in told[0]
    else:
        assert told == ["Nothing passes the limits that this page warns of."]


def test_of_many_failures_the_worst_are_named(tmp_path: Path) -> None:
    names = [f"a{k}" for k in range(40)]
    figures: dict[str, float] = {}
    for i, name in enumerate(names):
        figures |= {f"test/judge/{name}": 99.0, f"test/leakage/{name}": 50.0 + i}
        figures[f"test/leakage_chance/{name}"] = 10.0
        figures |= {f"test/effectiveness/do-{name}/{other}": 99.0 for other in names}
    leave(tmp_path / "evaluate", "evaluate", figures)
    (caution,) = said(tmp_path)[CAUTIONS]
    assert "edits of a39 (89.0 %, guessing 10.0 %), a38" in caution
    assert caution.endswith(" and 36 more.")


def test_at_strength_0_no_test_set_is_called_confounded(tmp_path: Path) -> None:
    figures = {"test/unconfounded_accuracy": 99.0, "test/confounded_accuracy": 98.0}
    place = leave(tmp_path / "a", "classifier fit", figures, method="oracle")
    assert "98.0 % of confounded ones" in said(tmp_path)[CLASSIFIERS][0]
    record = json.loads((place / "run.json").read_text())
    (place / "run.json").write_text(json.dumps({**record, "strength": 0.0}))
    assert "confounded ones" not in said(tmp_path)[CLASSIFIERS][0]


def test_other_runs_have_no_verdict(tmp_path: Path) -> None:
    leave(tmp_path / "augment", "augment", {"augment/images": 4.0})
    assert not verdict(find_runs(tmp_path)).blocks
    assert isinstance(find_runs(tmp_path)[0], Run)
