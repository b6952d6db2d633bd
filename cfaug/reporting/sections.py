"""The sections of a report, from what the runs left."""

import json
from collections.abc import Callable, Sequence

from cfaug import keys
from cfaug.callbacks.groups import COLUMNS
from cfaug.keys import UNCONFOUNDED
from cfaug.metrics.groups import FEWEST, wilson
from cfaug.reporting.blocks import (
    Cell,
    Chart,
    Code,
    Picture,
    Section,
    Table,
    bars,
    curves,
    percent,
    text,
)
from cfaug.reporting.runs import Run
from datamodules.base import TEST_SETS

MOST_ROWS = 12
"""Pairs of an audit, and groups of a classifier, that are shown."""


def all_sections(runs: Sequence[Run]) -> list[Section]:
    """The sections that have something to tell."""
    by_job = {
        job: [run for run in runs if run.job == job]
        for job in ("audit", "evaluate", "generator", "classifier")
    }
    found = [
        confounding(by_job["audit"], by_job["evaluate"]),
        generators(by_job["evaluate"], by_job["generator"]),
        classifiers(by_job["classifier"]),
        failures(by_job["audit"], by_job["evaluate"]),
        origins(runs),
    ]
    return [section for section in found if section.blocks]


def confounding(audits: Sequence[Run], judged: Sequence[Run]) -> Section:
    """What the audits found, and what counterfactuals leave of it."""
    section = Section(
        "Confounding",
        "CNF is twice the mutual information of two attributes, in nats; 0 where neither tells of "
        "the other. p by permutation, corrected by Holm.",
    )
    for run in audits:
        audit = json.loads((run.folder / "audit.json").read_text())
        rows = [
            [
                Cell(f"{pair['first']} - {pair['second']}"),
                text(pair["cnf"], 3),
                Cell(f"{pair['cnf_low']:.3f} to {pair['cnf_high']:.3f}"),
                text(pair["cramers_v"], 3),
                text(pair["holm_p_value"], 3),
                Cell(f"{pair['rarest']}: {pair['smallest_cell']}"),
            ]
            for pair in audit["pairs"][:MOST_ROWS]
        ]
        header = ["pair", "CNF", "95 % interval", "Cramér's V", "p", "rarest"]
        note = [
            f"{audit['images']:,} training images; {audit['combinations']:,} combinations of values"
        ]
        if keys.EMPTY_GROUPS in run.figures:  # not counted where there are too many combinations
            empty, rare = (int(run.figures[key]) for key in (keys.EMPTY_GROUPS, keys.RARE_GROUPS))
            note.append(f", of which {empty:,} have no image and {rare:,} have few")
        note += [".", _more(len(audit["pairs"]), "pairs; audit.json has all")]
        section.blocks.append(Table(f"Pairs: {run.name}", header, rows, "".join(note)))
        for path in run.pictures():
            what = "Heat maps" if path.stem == "audit" else path.stem.capitalize()
            section.blocks.append(Picture(f"{what}: {run.name}", path))
    for run in judged:
        before, after = (
            _named(run, key) for key in (keys.CONFOUNDING_BEFORE, keys.CONFOUNDING_AFTER)
        )
        rows = [[Cell(name), text(before[name], 3), text(after[name], 3)] for name in before]
        if rows:
            header = ["attribute", "in the data", "in their counterfactuals"]
            section.blocks.append(Table(f"CNF with the label: {run.name}", header, rows))
    return section


def generators(judged: Sequence[Run], trained: Sequence[Run]) -> Section:
    """What judges say of edits, the edits, and how training went."""
    section = Section(
        "Generator",
        "Judges are networks that the generator never saw. do(A): attribute A is given another "
        "value; then the new value of A should be read, and the old ones of all else.",
    )
    for run in judged:
        names = list(_named(run, keys.JUDGE))
        rows = [
            [
                Cell(f"do({a})"),
                *(percent(run.figures[keys.EFFECTIVENESS.format(edited=a, read=b)]) for b in names),
            ]
            for a in names
        ]
        rows.append(
            [
                Cell("real images"),
                *(percent(run.figures[keys.JUDGE.format(attribute=b)]) for b in names),
            ]
        )
        title = f"Judges read the wanted value, %: {run.name}"
        section.blocks.append(Table(title, ["", *names], rows))
        leakage, chance = _named(run, keys.LEAKAGE), _named(run, keys.LEAKAGE_CHANCE)
        back = _named(run, keys.REVERSIBILITY)
        rows = [
            [Cell(name), text(leakage[name]), text(chance[name]), text(back[name])]
            for name in leakage
        ]
        header = ["edited", "a probe reads the old value, %", "guessing, %", "there and back, grey"]
        figures = run.figures
        null_edit = figures[keys.COMPOSITION.format(times=1)]
        note = (
            f"An edit that changes nothing moves a pixel by {null_edit:.1f} grey levels of 255. A "
            "classifier trained on counterfactuals alone is right on "
            f"{figures[keys.TRANSFER_REAL]:.1f} % of real images, and on "
            f"{figures[keys.TRANSFER_GAP]:.1f} points more of edited ones."
        )
        section.blocks.append(Table(f"Traces: {run.name}", header, rows, note))
    for run in judged or trained:
        edits = [path for path in run.pictures() if path.stem.startswith("do-")]
        section.blocks += [Picture(f"Edits, {path.stem}: {run.name}", path) for path in edits]
    section.blocks += _curves("Loss on validation images", "loss, nats", trained, keys.VAL_LOSS)
    return section


def classifiers(runs: Sequence[Run]) -> Section:
    """Accuracies, the worst groups, and how training went."""
    section = Section(
        "Classifiers",
        "On the unconfounded test set no attribute tells of the label; the confounded one is like "
        "the training data.",
    )
    tested = [run for run in runs if UNCONFOUNDED in run.figures]
    if tested:
        others = {
            "its worst group": keys.WORST_GROUP_ACCURACY.format(split="unconfounded"),
            "confounded": keys.ACCURACY.format(split="confounded"),
        }
        others = {k: v for k, v in others.items() if any(v in r.figures for r in tested)}
        flips = {
            f"flips by {name}": keys.FLIP_RATE.format(attribute=name)
            for name in _named(tested[0], keys.FLIP_RATE)
        }
        columns = ["unconfounded", "95 % interval", *others, *flips]
        rows = [
            [
                Cell(run.name),
                percent(run.figures[UNCONFOUNDED]),
                _interval(run),
                *(_cell(run, name, percent) for name in others.values()),
                *(_cell(run, name, text) for name in flips.values()),
            ]
            for run in tested
        ]
        note = "Flips: predictions that change when the attribute alone truly changes."
        section.blocks.append(Table("Accuracy, %", ["run", *columns], rows, note))
        values = {run.name: run.figures[UNCONFOUNDED] for run in tested}
        section.blocks.append(bars("Unconfounded accuracy", "accuracy, %", values))
    for run in tested:
        for test_set in TEST_SETS:
            section.blocks += _worst_groups(run, test_set)
    title = "Accuracy on confounded validation images"
    section.blocks += _curves(title, "accuracy, %", runs, keys.VAL_ACCURACY)
    return section


def failures(audits: Sequence[Run], judged: Sequence[Run]) -> Section:
    """Where the data are thin, and the edits to distrust."""
    section = Section(
        "Failures",
        "What to distrust: combinations of values with few images, edits that the judges do not "
        "read as wanted, and edits whose way back ends elsewhere.",
    )
    for run in audits:
        audit = json.loads((run.folder / "audit.json").read_text())
        kinds = {
            f"Combinations without an image: {run.name}": (
                dict.fromkeys(audit["empty"], 0),
                keys.EMPTY_GROUPS,
            ),
            f"Combinations with few images: {run.name}": (audit["rare"], keys.RARE_GROUPS),
        }
        for title, (named, key) in kinds.items():
            rows = [[Cell(name), text(images, 0)] for name, images in named.items()][:MOST_ROWS]
            if rows:
                more = _more(int(run.figures.get(key, len(named))), "of them")
                section.blocks.append(
                    Table(title, ["combination", "training images"], rows, more.strip())
                )
    titles = {"misread": "Read otherwise by the judges", "farthest": "Largest round trips"}
    for run in judged:
        pictures = {path.stem: path for path in run.pictures()}
        section.blocks += [
            Picture(f"{title}: {run.name}", pictures[stem])
            for stem, title in titles.items()
            if stem in pictures
        ]
    return section


def origins(runs: Sequence[Run]) -> Section:
    """Where each run comes from."""
    rows = []
    for run in runs:
        commands = run.record.get("commands") or {"": run.record.get("command", "")}
        seconds = run.figures.get("seconds", run.record.get("seconds"))
        took = Cell("" if seconds is None else f"{seconds / 60:.1f}")
        for name, command in commands.items():
            commit = str(run.record.get("commit") or "")[:12]
            title = Cell(f"{run.name}/{name}".rstrip("/"))
            rows.append([title, Cell(command), Cell(commit), Cell("") if name else took])
    section = Section("Where it comes from", "The command behind every figure.")
    header = ["run", "command", "commit", "minutes"]
    section.blocks.append(Table("Commands", header, rows))
    for run in runs:
        path = run.folder / "config-fit.yaml"
        if path.exists():
            section.blocks.append(Code(f"Configuration: {run.name}", path.read_text()))
    machines: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        if "machine" in run.record:
            named = run.record["versions"].items()
            versions = ", ".join(f"{name} {number}" for name, number in named)
            machines.setdefault((str(run.record["machine"]), versions), []).append(run.name)
    rows = [
        [*map(Cell, machine), Cell("all" if len(names) == len(runs) else ", ".join(names))]
        for machine, names in machines.items()
    ]
    if rows:
        section.blocks.append(Table("Machines", ["machine", "versions", "runs"], rows))
    return section


def _more(count: int, what: str) -> str:
    """What a table of `MOST_ROWS` leaves out."""
    return f" The first {MOST_ROWS} of {count:,} {what}." if count > MOST_ROWS else ""


def _worst_groups(run: Run, test_set: str) -> list[Table]:
    rows = [row for row in run.rows("groups.csv") if row["test_set"] == test_set]
    rows = [row for row in rows if int(row["images"]) >= FEWEST]
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: float(row["accuracy"]))[:MOST_ROWS]
    names = [name for name in rows[0] if name not in COLUMNS]
    cells = [
        [
            *(Cell(row[name]) for name in names),
            Cell(row["images"]),
            percent(float(row["accuracy"])),
            Cell(f"{row['low']} to {row['high']}"),
        ]
        for row in rows
    ]
    title = f"Worst groups of the {test_set} test set: {run.name}"
    return [Table(title, [*names, "images", "accuracy, %", "95 % interval"], cells)]


def _named(run: Run, key: str) -> dict[str, float]:
    """The figures that a key of `cfaug.keys` stands for, by what its last braces stand for."""
    prefix = keys.started(key)
    return {
        name.removeprefix(prefix): value
        for name, value in run.figures.items()
        if name.startswith(prefix)
    }


def _interval(run: Run) -> Cell:
    """The interval of the unconfounded accuracy, over the groups.

    Where images are read several times, for as many as the groups' shares make of them (Kish, 1965,
    section 11.7): a few images that half of the accuracy hangs on make it as unsure as they are.
    """
    rows = [row for row in run.rows("groups.csv") if row["test_set"] == "unconfounded"]
    groups = [[int(row[name]) for name in ("images", "read", "correct")] for row in rows]
    if not groups:
        return Cell("")
    read = sum(group[1] for group in groups)
    images = read**2 / sum(group[1] ** 2 / group[0] for group in groups)
    share = sum(group[2] for group in groups) / read
    low, high = wilson(round(images * share), round(images))
    return Cell(f"{low:.1f} to {high:.1f}")


def _cell(run: Run, name: str, form: Callable[[float], Cell]) -> Cell:
    return form(run.figures[name]) if name in run.figures else Cell("")


def _curves(title: str, unit: str, runs: Sequence[Run], column: str) -> list[Chart]:
    """A column of ``metrics.csv`` over updates, of the runs that logged it; none where none did."""
    lines = {
        run.name: [
            (float(row["step"]), float(row[column]))
            for row in run.rows("metrics.csv")
            if row.get(column)
        ]
        for run in runs
    }
    lines = {name: points for name, points in lines.items() if points}
    return [curves(title, unit, lines)] if lines else []
