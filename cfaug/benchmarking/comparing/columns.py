"""The columns of a benchmark's tables."""

from cfaug.benchmarking.comparing.roles import Row
from cfaug.benchmarking.comparing.rows import (
    EXCESS_ERROR,
    GAP_CLOSED,
    difference_of,
    interval_of,
    test_set_of,
)
from cfaug.terminal.tables import with_interval
from cfaug.tracking import keys

LEGEND = """\
accuracy: of a classifier on {test_set} images, %, mean over seeds. worst group: in the combination
of values where it is lowest, of those with at least 10 of these images. flips(a): predictions that
change when a alone truly changes, %. In brackets: 95 % intervals, of the images and, with several
seeds, of the seeds. gap closed: % of the way from ERM to the oracle. excess: points below the
oracle. difference: points above the baseline (a method without counterfactuals) that is best on
these images themselves. labels: of which images attributes beside the label are used. seconds: of
training and testing the classifier; a generator and a first network are trained before. generator
seconds: of training that generator, once for all methods.
drawn: confounding of the label that weights leave in the images that the generator or the
classifier is trained on, in nats, with the attribute of which most is left, and how many images
the draws are worth (Kish), after the first {early:,} draws, which weigh rare images more;
methods without such a figure draw all images alike.
"""

GENERATOR_LEGEND = """\
alone: accuracy, on the same real images, of a classifier that saw counterfactuals only.
transfer gap: how much better that one is on edited images than on real ones, points.
do(a): how often a judge, trained as a user can, reads the new value of a, %. known do(a): the same
by a judge of the known process. kept by do(a): how often the first still reads the label.
leak(a): points above guessing with which the strongest of three probes reads the old value of a
after do(a). joint leak(a): the same after an edit of all attributes but the label.
composition: L1 (0 to 255) after that edit with the values that an image has. back(a): L1 after an
edit of a and back. exact(a): L1 to the true counterfactual. seconds: of training.
"""


def method_columns(row: Row) -> dict[str, str]:
    """The cells of a row of a method."""
    split = test_set_of(row)
    flips = keys.started(keys.FLIP_RATE)
    found = {
        "accuracy": _figure(row, keys.ACCURACY.format(split=split)),
        "worst group": _figure(row, keys.WORST_GROUP_ACCURACY.format(split=split)),
    }
    found |= {
        f"flips({n.removeprefix(flips)})": _figure(row, n) for n in row if n.startswith(flips)
    }
    against, trained = difference_of(row), row.get("seconds/generator")
    found |= {
        "gap closed": _figure(row, GAP_CLOSED),
        "excess": _figure(row, EXCESS_ERROR),
        "difference": "" if against is None else with_interval(*against),
        "labels": str(row["labels"]),
        "seconds": f"{float(row['seconds/classifier']):.0f}",
    }
    return found if trained is None else found | {"generator seconds": f"{float(trained):.0f}"}


def generator_columns(row: Row) -> dict[str, str]:
    """The cells of a row of a generator."""
    prefix = "generator/confounding_before/"  # measured for all attributes but the label
    others = [name.removeprefix(prefix) for name in row if name.startswith(prefix)]
    judged = (name.removeprefix("generator/judge/") for name in row if "generator/judge/" in name)
    names = sorted(judged, key=lambda name: name in others)  # the label first
    effect, leak = "generator/effectiveness/do-", "generator/leakage"
    known = "generator/known_process/effectiveness/do-"
    joint, chance = "generator/joint_leakage", "generator/leakage_chance"
    return {
        "alone": _figure(row, "generator/transfer/real"),
        "transfer gap": _figure(row, "generator/transfer/gap"),
        **{f"do({n})": _figure(row, f"{effect}{n}/{n}") for n in names},
        **{f"known do({n})": _figure(row, f"{known}{n}/{n}") for n in names},
        **{f"kept by do({n})": _figure(row, f"{effect}{n}/{names[0]}") for n in others},
        **{f"leak({n})": _above(row, f"{leak}/{n}", f"{chance}/{n}") for n in names},
        **{f"joint leak({n})": _above(row, f"{joint}/{n}", f"{chance}/{n}") for n in others},
        "composition": _figure(row, "generator/composition/1"),
        **{f"back({n})": _figure(row, f"generator/reversibility/{n}") for n in names},
        **{f"exact({n})": _figure(row, f"generator/exact_l1/{n}") for n in others},
        "seconds": f"{float(row['seconds/generator']):.0f}",
    }


def _figure(row: Row, name: str) -> str:
    """A figure and its interval; nothing where a row has no such figure."""
    return with_interval(float(row[name]), interval_of(row, name)) if name in row else ""


def _above(row: Row, name: str, other: str) -> str:
    """How much a figure is above another."""
    return f"{float(row[name]) - float(row[other]):.1f}" if {name, other} <= row.keys() else ""
