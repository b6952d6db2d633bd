"""What the W&B workspace of a data set shows, as data; ``cfaug dashboard`` builds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

from cfaug.plotting.image_grids import edit_stems
from cfaug.tracking import keys
from datamodules.attributes import AttributeSpace
from datamodules.process.interventions import non_label_columns

Kind = Literal["lines", "bars", "scatter", "images", "table", "runs"]


@dataclass(frozen=True)
class Panel:
    """A panel of a workspace.

    Args:
        title: Its title, with the unit.
        kind: ``lines`` over updates, ``bars`` for each run, ``scatter`` over the strength of the
            confounding, ``images``, ``table``, or ``runs`` side by side.
        keys: Names of what is shown, as logged; words left in braces stand for anything.
    """

    title: str
    kind: Kind
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Panels under a heading."""

    name: str
    panels: list[Panel]


ACCURACIES = keys.ACCURACY, keys.BALANCED_ACCURACY, keys.WORST_GROUP_ACCURACY
"""Of a test set, each with the ends of its interval."""

UNSHOWN: Mapping[str, str] = {
    "epoch": "the axis of the panels is the update",
    "trainer/global_step": "it is the axis of the panels",
    keys.CNF: "pairs without the label: the heat map has them",
    keys.NORMALIZED_MUTUAL_INFORMATION: "tells what CNF tells",
    keys.CRAMERS_V: "tells what CNF tells",
    keys.P_VALUE: "a number of one audit, not one to compare runs by; audit.json has it",
    keys.SMALLEST_CELL: "pairs without the label: audit.json has them",
    keys.AUDIT_REMAINING_CNF: "pairs without the label: audit.json has them",
    **dict.fromkeys(
        (
            keys.TEST_SET_CNF,
            keys.TEST_SET_CRAMERS_V,
            keys.TEST_SET_EFFECTIVE_SIZE,
            keys.TEST_SET_LARGEST_SHARE,
            keys.TEST_SET_EMPTY_GROUPS,
        ),
        "of the data, alike in all runs on them; audit.json has it",
    ),
    keys.TRAIN_CNF: "the audit's CNF tells the same",
    keys.TOTAL_CORRELATION: "as many as pairs, with --sets true alone; audit.json has them",
    keys.SYNERGY: "as total correlation",
    keys.KNOWN_JUDGE: "what they read of edits tells more",
    keys.JUDGE_DIFFERENCE: "the two kinds of judges have panels of their own",
    keys.EFFECTIVENESS_DIFFERENCE: "the two kinds of judges have panels of their own",
    keys.WORST_GROUP_SIZE: "says how sure the worst group is; its interval tells the same",
    keys.TEST_IMAGES: "the same for all runs on the same data",
    **{
        end: "an end of an interval: metrics.json and reports have it beside its figure"
        for figure in (*ACCURACIES, keys.FLIP_RATE, keys.LEAKAGE_CHANCE)
        for end in keys.ends(figure)
    },
    "difference_low/{method}": "an end of an interval: the table has it beside its figure",
    "difference_high/{method}": "an end of an interval: the table has it beside its figure",
    **{
        f"test/{split}_{term}": "of `generator test`; the judges say what edits are worth"
        for split in keys.TEST_SETS
        for term in (
            "loss",
            "reconstruction",
            "kl",
            "detail_kl",
            "adversary",
            "consistency",
            "group_lasso",
        )
    },
    "generator/{figure}/{method}": "a benchmark's copy of what the judges logged",
    "data/{figure}/{method}": "a benchmark's copy of what fits logged",
    **{
        f"{figure}/{{method}}": "a benchmark's mean of what classifiers logged, or its interval"
        for figure in (
            name.format(split=split, attribute="{attribute}").removeprefix("test/")
            for split in keys.TEST_SETS
            for figure in (*ACCURACIES, keys.FLIP_RATE)
            for name in (figure, *keys.ends(figure), keys.TEST_IMAGES, keys.WORST_GROUP_SIZE)
        )
    },
    "seconds/{part}/{method}": "of a benchmark; W&B shows the time of each run",
}
"""Logged keys without a panel, and why; words in braces stand for anything."""


def sections(
    space: AttributeSpace, methods: Iterable[str], test_sets: tuple[str, str]
) -> list[Section]:
    """The sections of a workspace.

    Args:
        space: The attributes of the data.
        methods: Methods and generators of a benchmark.
        test_sets: Those of the data.
    """
    accuracy = keys.ACCURACY.format(split=test_sets[0])
    compare = [
        Panel(f"{test_sets[0].capitalize()} accuracy over the strength, %", "scatter", (accuracy,)),
        _pictures("A benchmark", "benchmark", "accuracy", "strengths", "tradeoff", "cost"),
        Panel("Runs side by side", "runs"),
    ]
    return [
        Section("Confounding", _confounding(space)),
        Section("Generator", _generator(space)),
        Section("Classifier", _classifier(space, methods, test_sets)),
        Section("Compare", compare),
    ]


def _confounding(space: AttributeSpace) -> list[Panel]:
    names, others = space.names, _others(space)
    # Named as in the audit, in the order of the attributes.
    pairs = ["-".join(sorted((space.label, other), key=names.index)) for other in others]
    sizes = keys.AUDIT_IMAGES, keys.TRAIN_SIZE, keys.EFFECTIVE_TRAIN_SIZE
    return [
        _bars("CNF with the label, nats", keys.CNF, pair=pairs),
        _bars("... left in partly deconfounded batches", keys.AUDIT_REMAINING_CNF, pair=pairs),
        _bars("... left in training images as drawn", keys.REMAINING_CNF, attribute=others),
        _bars("... of the judged training images", keys.CONFOUNDING_BEFORE, attribute=others),
        _bars("... of their counterfactuals", keys.CONFOUNDING_AFTER, attribute=others),
        _bars("... by judges of the process", keys.KNOWN_CONFOUNDING_AFTER, attribute=others),
        _bars("Images in the rarest combination", keys.SMALLEST_CELL, pair=pairs),
        Panel("Combinations: empty, rare", "bars", (keys.EMPTY_GROUPS, keys.RARE_GROUPS)),
        Panel("Training images, and what sampling makes of them", "bars", sizes),
        _pictures("Heat maps and images", "audit", "audit", "images"),
    ]


def _generator(space: AttributeSpace) -> list[Panel]:
    names, others = space.names, _others(space)
    transfer = keys.TRANSFER_REAL, keys.TRANSFER_EDITED
    exact = {"l1": "grey levels", "psnr": "PSNR, dB", "ssim": "SSIM"}
    return [
        Panel("Loss on validation images", "lines", (keys.VAL_LOSS,)),
        Panel("Terms of the loss, training", "lines", (keys.TRAIN_TERM,)),
        Panel("Terms of the loss, validation", "lines", (keys.VAL_TERM,)),
        _bars("Judges read the wanted value, %", keys.EFFECTIVENESS, edited=names, read=names),
        _bars("Judges on real images, %", keys.JUDGE, attribute=names),
        _bars("Judges of the known process, %", keys.KNOWN_EFFECTIVENESS, edited=names, read=names),
        _bars("A probe reads the old value, %", keys.LEAKAGE, attribute=names),
        _bars("... after edits of all but the label", keys.JOINT_LEAKAGE, attribute=others),
        _bars("... guessing", keys.LEAKAGE_CHANCE, attribute=names),
        Panel("Trained on counterfactuals alone: real, edited, %", "bars", transfer),
        Panel("Transfer gap, points", "bars", (keys.TRANSFER_GAP,)),
        _bars(
            "1 and 10 edits that change nothing, grey levels", keys.COMPOSITION, times=("1", "10")
        ),
        _bars("There and back, grey levels", keys.REVERSIBILITY, attribute=names),
        *(
            _bars(f"To the true counterfactual, {unit}", keys.EXACT, measure=[m], attribute=others)
            for m, unit in exact.items()
        ),
        Panel("Edits over time", "images", _each(keys.EDITS, attribute=names)),
        _pictures("Edits of test images", "evaluate", *edit_stems(names)),
        _pictures("Effectiveness, failures", "evaluate", "effectiveness", "misread", "farthest"),
        Panel("Edits: filter by attribute and judges_agree", "table", (keys.EDIT_TABLE,)),
        Panel("Counterfactuals written", "bars", (keys.AUGMENT_IMAGES, keys.AUGMENT_COPIES)),
        _bars("... read as wanted, %", keys.READ_AS_WANTED, attribute=names),
        _pictures("... some of them", "augment", "counterfactuals"),
    ]


def _classifier(
    space: AttributeSpace, methods: Iterable[str], test_sets: tuple[str, str]
) -> list[Panel]:
    methods = list(methods)
    return [
        Panel("Accuracy on confounded validation images, %", "lines", (keys.VAL_ACCURACY,)),
        Panel("... mean over groups", "lines", (keys.VAL_BALANCED_ACCURACY,)),
        _bars("Accuracy, %", keys.ACCURACY, split=test_sets),
        _bars("Mean over groups, %", keys.BALANCED_ACCURACY, split=test_sets),
        _bars("Worst group, %", keys.WORST_GROUP_ACCURACY, split=test_sets),
        _bars("Predictions that flip, %", keys.FLIP_RATE, attribute=_others(space)),
        _bars("Share of the gap from ERM to the oracle, %", keys.GAP_CLOSED, method=methods),
        _bars("Points below the oracle", keys.EXCESS_ERROR, method=methods),
        _bars("Points above the best baseline", keys.DIFFERENCE, method=methods),
    ]


def _others(space: AttributeSpace) -> list[str]:
    return [space.names[column] for column in non_label_columns(space)]


def _each(key: str, **words: Iterable[str]) -> tuple[str, ...]:
    """The names that a key stands for, with every choice of the words in its braces."""
    chosen = product(*words.values())
    return tuple(key.format(**dict(zip(words, choice, strict=True))) for choice in chosen)


def _bars(title: str, key: str, **words: Iterable[str]) -> Panel:
    return Panel(title, "bars", _each(key, **words))


def _pictures(title: str, job: str, *names: str) -> Panel:
    return Panel(title, "images", _each(keys.PICTURE, job=[job], name=names))
