"""The verdict that a report begins with: in sentences, what the figures of the runs come to."""

import json
from collections.abc import Sequence
from typing import Any

from cfaug.classifiers.intervals import Interval, overlap
from cfaug.reporting.advice import SAME, advice
from cfaug.reporting.blocks import Points, Section
from cfaug.reporting.cautions import few_images, of_generators, of_seeds, of_test_groups
from cfaug.reporting.run_figures import by_seed, mean_of, worst_group
from cfaug.reporting.runs import Run
from cfaug.tracking import keys
from datamodules.attributes import MOST_GROUPS

SURE = 0.05
"""A corrected p-value below which a pair is called confounded, the usual level."""

MOST_PAIRS = 3
"""Pairs of an audit that are named; the table below has more."""

MOST_CLASSIFIERS = 12
"""Classifiers that get a sentence; more are easier to read in the table."""


def verdict(runs: Sequence[Run]) -> Section:
    """Which method to use, what was confounded, what to beware of; what is known of it."""
    audits = [run for run in runs if run.job == "audit"]
    tested = [run for run in runs if run.job == "classifier" and keys.first_test_set(run.figures)]
    judged = [run for run in runs if run.job == "evaluate"]
    cautions = [
        *of_generators(judged),
        *few_images(audits),
        *of_test_groups(tested),
        *of_seeds(tested),
    ]
    if not cautions and (tested or judged):
        cautions = ["Nothing passes the limits that this page warns of."]
    points = {
        "Which method to use": advice(runs),
        "What was confounded": [said for run in audits for said in _confounded(run, audits)],
        "What each classifier makes of it": _classifiers(tested),
        "What to beware of": cautions,
    }
    section = Section("Verdict", "In a few words; the pictures and tables behind it follow.")
    section.blocks += [Points(title, said) for title, said in points.items() if said]
    return section


def _confounded(run: Run, audits: Sequence[Run]) -> list[str]:
    audit: dict[str, Any] = json.loads((run.folder / "audit.json").read_text(encoding="utf-8"))
    label = audit.get("label")  # some of old runs do not tell
    pairs = [pair for pair in audit["pairs"] if label in {None, pair["first"], pair["second"]}]
    sure = [pair for pair in pairs if pair["holm_p_value"] < SURE]
    where = f"{run.name}: " if len(audits) > 1 else ""
    told = []
    for pair in sure[:MOST_PAIRS]:
        first, second = pair["first"], pair["second"]
        other, what = (second, first) if label in {None, first} else (first, second)
        told.append(
            f"{where}{other} tells of {'' if label is None else 'the label '}{what}: CNF "
            f"{pair['cnf']:.2f} nats (95 % interval {pair['cnf_low']:.2f} to "
            f"{pair['cnf_high']:.2f}), p {_p(pair['holm_p_value'])}."
        )
    if len(sure) > MOST_PAIRS:
        more = len(sure) - MOST_PAIRS
        told.append(f"{where}{more:,} more {'does' if more == 1 else 'do'} so beyond chance.")
    if not sure:
        told.append(f"{where}No attribute tells of the label beyond chance.")
    combinations = audit["combinations"]
    if combinations <= MOST_GROUPS and keys.EMPTY_GROUPS in run.figures:
        empty, rare = (int(run.figures[key]) for key in (keys.EMPTY_GROUPS, keys.RARE_GROUPS))
        told.append(
            f"{where}Of {combinations:,} combinations of values {empty:,} have no training image, "
            f"and {rare:,} have few."
            if empty or rare
            else f"{where}All {combinations:,} combinations of values have training images."
        )
    return told


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "below 0.001"


def _classifiers(tested: Sequence[Run]) -> list[str]:
    """A sentence for each classifier; runs that differ in the seed alone share one."""
    alike = by_seed(tested)
    told = [_sentence(name, runs, tested) for name, runs in alike.items()]
    if len(told) > MOST_CLASSIFIERS:
        return [
            *told[:MOST_CLASSIFIERS],
            f"{len(told) - MOST_CLASSIFIERS} more stand in the table.",
        ]
    return told


def _sentence(name: str, runs: Sequence[Run], tested: Sequence[Run]) -> str:
    test_set = keys.first_test_set(runs[0].figures)
    headline = keys.ACCURACY.format(split=test_set)
    accuracy, ends = mean_of(runs, headline)
    span = [f"mean of {len(runs)} seeds"] if len(runs) > 1 else []
    if ends:
        span.append(f"95 % interval {_to(ends)}")
    behind = f" ({', '.join(span)})" if span else ""
    images = "validation" if runs[0].record.get("test_on") == "val" else "test"
    told = [f"{accuracy:.1f} % of {test_set} {images} images right{behind}"]
    confounded = keys.ACCURACY.format(split="confounded")
    # At strength 0 that test set is not confounded.
    if all(confounded in run.figures and run.record.get("strength") != 0 for run in runs):
        value, around = mean_of(runs, confounded)
        told.append(f"{value:.1f} % of confounded ones" + (f" ({_to(around)})" if around else ""))
    data = runs[0].record.get("dataset")
    oracles = [
        run
        for run in tested
        if run.record.get("method") == "oracle" and run.record.get("dataset") == data
    ]
    if oracles and runs[0].record.get("method") != "oracle":
        told.append(_beside_oracle(accuracy, ends, *mean_of(oracles, headline)))
    worst = min(filter(None, map(worst_group, runs)), default=None)
    if worst:
        told.append(
            f"in the worst group{' of all seeds' if len(runs) > 1 else ''} "
            f"{worst.accuracy:.1f} % ({_to(worst.interval)}) of {worst.images:,}: {worst.name}"
        )
    return f"{name}: {'; '.join(told)}."


def _beside_oracle(
    accuracy: float, ends: Interval | None, oracle: float, its_ends: Interval | None
) -> str:
    """How much worse than the oracle a classifier is, and whether the intervals overlap."""
    below = oracle - accuracy
    if abs(below) < SAME:
        return "as accurate as the oracle"
    told = f"{abs(below):.1f} points {'below' if below > 0 else 'above'} the oracle"
    if ends is None or its_ends is None:
        return told
    if overlap(ends, its_ends):
        return f"{told}, which may be chance, as the intervals overlap"
    return f"{told}, and the intervals do not overlap"


def _to(ends: Interval) -> str:
    return f"{ends[0]:.1f} to {ends[1]:.1f}"
