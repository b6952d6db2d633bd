"""What the verdict of a report warns of, and from what figure on."""

import json
from collections.abc import Sequence

from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.reporting.run_figures import by_seed, figures_of, groups_of
from cfaug.reporting.runs import Run
from cfaug.tracking import keys

LEAKAGE = 10.0
"""Points that a probe reads more of an old value than guessing would. That is four standard errors
on 400 test images, as scikit-learn's digits have; on more images it is surer."""

MISSED = 5.0
"""Points that a judge reads less in edits than in real images. What it misreads in real images is
no fault of an edit; and near 95 % of 400 images two such figures differ by 1.5 points by chance."""

TRANSFER = 5.0
"""Points that a classifier taught by counterfactuals alone loses from edited to real images, for
the same reason."""

USEFUL = 0.5
"""Share of the way from guessing to always that a judge has to read right of real images, so that
what it reads in edits tells of the edits more than of itself."""

MOST_NAMED = 4
"""Attributes or combinations that a sentence names, the worst first."""


def of_generators(judged: Sequence[Run]) -> list[str]:
    """What judges, probes and the classifier taught by counterfactuals alone find wrong."""
    return [
        f"{run.name}: {said}" if len(judged) > 1 else said for run in judged for said in _of(run)
    ]


def _of(run: Run) -> list[str]:
    figures = run.figures
    judges, single = figures_of(run, keys.JUDGE), figures_of(run, keys.LEAKAGE)
    joint, chance = figures_of(run, keys.JOINT_LEAKAGE), figures_of(run, keys.LEAKAGE_CHANCE)
    probes = {name: max(value, joint.get(name, value)) for name, value in single.items()}
    read = {
        (a, b): figures[keys.EFFECTIVENESS.format(edited=a, read=b)] for a in judges for b in judges
    }
    blind = {
        f"{a} ({judges[a]:.1f} % right)": judges[a]
        for a in judges
        if judges[a] - chance[a] < USEFUL * (100 - chance[a])
    }
    leaks = {
        f"{a} ({probes[a]:.1f} %, guessing {chance[a]:.1f} %)": chance[a] - probes[a]
        for a in probes
        if probes[a] - chance[a] > LEAKAGE
    }
    missed = {
        (a, b): f"({read[a, b]:.1f} %, of real images {judges[b]:.1f} %)"
        for a, b in read
        if judges[b] - read[a, b] > MISSED
    }
    shortfall = {pair: read[pair] - judges[pair[1]] for pair in missed}
    taken = {f"{a} {missed[a, b]}": shortfall[a, b] for a, b in missed if a == b}
    kept = {f"{b} by do({a}) {missed[a, b]}": shortfall[a, b] for a, b in missed if a != b}
    told = {
        "A probe still reads the old value from edits of": leaks,
        "Edits that do not always take, as a judge reads them:": taken,
        "Not always kept:": kept,
        "Judges read poorly even real images, so that they say little, of": blind,
    }
    sentences = [f"{said} {_named(found)}." for said, found in told.items() if found]
    real, edited = figures.get(keys.TRANSFER_REAL), figures.get(keys.TRANSFER_EDITED)
    if real is not None and edited is not None and edited - real > TRANSFER:
        sentences.append(
            f"A classifier taught by counterfactuals alone is right on {edited:.1f} % of edited "
            f"but {real:.1f} % of real images: edits teach what real images do not have."
        )
    return sentences


def _named(found: dict[str, float]) -> str:
    """The names, the lowest figure first."""
    names = sorted(found, key=lambda name: found[name])
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def few_images(audits: Sequence[Run]) -> list[str]:
    """Values that training images hardly show together with the label."""
    told = []
    for run in audits:
        thin = json.loads((run.folder / "audit.json").read_text(encoding="utf-8")).get("thin")
        if not thin:
            continue
        which = f"{', '.join(thin['names'][:-1])} and {thin['names'][-1]}"
        named = {
            f"{values} ({images or 'none'})": float(images)
            for values, images in thin["images"].items()
        }
        shown = ", ".join(sorted(named, key=lambda name: named[name])[:MOST_NAMED])
        where = f"{run.name}: " if len(audits) > 1 else ""
        told.append(
            f"{where}Of {thin['combinations']:,} combinations of {which} {thin['empty']:,} have no "
            f"training image and {thin['rare']:,} have few, among them {shown}: what is said of "
            "these rests on other images."
        )
    return told


def of_test_groups(tested: Sequence[Run]) -> list[str]:
    """Groups of the test sets that are too small to be judged, once for each such test set."""
    told: dict[str, None] = {}
    for run in tested:
        test_set = keys.first_test_set(run.figures)
        groups = groups_of(run, test_set)
        small = sum(group.images < FEWEST for group in groups)
        if small and small == len(groups):
            all_small = f"No group of the {test_set} test set has {FEWEST} images"
            told[f"{all_small}, so that none is called the worst."] = None
        elif small:
            told[
                f"{small:,} of the {len(groups):,} groups in the {test_set} test set have fewer "
                f"than {FEWEST} images; none of these is called the worst."
            ] = None
    return list(told)


def of_seeds(tested: Sequence[Run]) -> list[str]:
    """Classifiers of which there is one seed alone."""
    single = [name for name, runs in by_seed(tested).items() if len(runs) == 1]
    if not single:
        return []
    return [
        "One seed each: the intervals are of the test images alone, and with another seed a figure "
        "may differ by a few points; train with more seeds."
        if len(single) == len(by_seed(tested))
        else "One seed alone, so that the interval is of the test images and not of other seeds: "
        f"{', '.join(single[:MOST_NAMED])}"
        f"{' and others' if len(single) > MOST_NAMED else ''}."
    ]
