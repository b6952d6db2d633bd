"""The sections of a report, from what the runs left."""

import json
from collections.abc import Sequence

from cfaug.reporting.blocks import (
    Cell,
    Code,
    Picture,
    Section,
    Table,
    percent,
    text,
)
from cfaug.reporting.classifier_section import classifiers
from cfaug.reporting.run_figures import MOST_ROWS, curves_of, figures_of, left_out
from cfaug.reporting.runs import Run
from cfaug.reporting.verdict import verdict
from cfaug.tracking import keys
from cfaug.tracking.drawn_images import drawn_of
from datamodules.process.sampling import EARLY_DRAWS


def all_sections(runs: Sequence[Run]) -> list[Section]:
    """The sections that have something to tell."""
    by_job = {
        job: [run for run in runs if run.job == job]
        for job in ("audit", "evaluate", "generator", "classifier")
    }
    found = [
        verdict(runs),
        confounding(
            by_job["audit"], [*by_job["generator"], *by_job["classifier"]], by_job["evaluate"]
        ),
        generators(by_job["evaluate"], by_job["generator"]),
        classifiers(by_job["classifier"]),
        failures(by_job["audit"], by_job["evaluate"]),
        origins(runs),
    ]
    return [section for section in found if section.blocks]


def confounding(audits: Sequence[Run], trained: Sequence[Run], judged: Sequence[Run]) -> Section:
    """What the audits found, and what sampling weights and counterfactuals leave of it."""
    section = Section(
        "Confounding",
        "CNF is twice the mutual information of two attributes, in nats; 0 where neither tells of "
        "the other. p by permutation, corrected by Holm.",
    )
    for run in audits:
        audit = json.loads((run.folder / "audit.json").read_text(encoding="utf-8"))
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
        note += [".", left_out(len(audit["pairs"]), "pairs; audit.json has all")]
        section.blocks.append(Table(f"Pairs: {run.name}", header, rows, "".join(note)))
        for path in run.pictures():
            what = "Heat maps" if path.stem == "audit" else path.stem.capitalize()
            section.blocks.append(Picture(f"{what}: {run.name}", path))
    section.blocks += _draws(trained)
    for run in judged:
        before, after = (
            figures_of(run, key) for key in (keys.CONFOUNDING_BEFORE, keys.CONFOUNDING_AFTER)
        )
        rows = [[Cell(name), text(before[name], 3), text(after[name], 3)] for name in before]
        if rows:
            header = ["attribute", "in the data", "in their counterfactuals"]
            section.blocks.append(Table(f"CNF with the label: {run.name}", header, rows))
    return section


def _draws(trained: Sequence[Run]) -> list[Table]:
    """How training images were drawn, of the runs that weighted them; none where none did."""
    rows = [
        [
            Cell(run.name),
            Cell(drawn.attribute or ""),
            text(drawn.cnf, 2),
            text(drawn.left, 2),
            Cell(f"{drawn.images:,.0f}"),
            Cell(f"{drawn.worth:,.0f}"),
        ]
        for run in trained
        if (drawn := drawn_of(run.figures)) is not None
    ]
    header = ["run", "attribute", "CNF with the label", "left as drawn", "images", "as if"]
    note = (
        "Of each run the attribute of which most is left; the draws are worth so many different "
        f"images (Kish). The first {EARLY_DRAWS:,} draws of a deconfounded run are not counted; "
        "they weigh rare images more. Runs that are not here drew all images alike."
    )
    return [Table("What sampling weights leave", header, rows, note)] if rows else []


def generators(judged: Sequence[Run], trained: Sequence[Run]) -> Section:
    """What judges say of edits, the edits, and how training went."""
    section = Section(
        "Generator",
        "Judges are networks that the generator never saw. do(A): attribute A is given another "
        "value; then the new value of A should be read, and the old ones of all else.",
    )
    for run in judged:
        names = list(figures_of(run, keys.JUDGE))
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
        leakage, chance = figures_of(run, keys.LEAKAGE), figures_of(run, keys.LEAKAGE_CHANCE)
        joint, back = figures_of(run, keys.JOINT_LEAKAGE), figures_of(run, keys.REVERSIBILITY)
        rows = [
            [
                Cell(name),
                text(leakage[name]),
                text(joint[name]) if name in joint else Cell(""),
                text(chance[name]),
                text(back[name]),
            ]
            for name in leakage
        ]
        header = [
            "edited",
            "a probe reads the old value, %",
            "the same, all but the label edited, %",
            "guessing, %",
            "there and back, grey",
        ]
        figures = run.figures
        null_edit = figures[keys.COMPOSITION.format(times=1)]
        note = (
            "Edits of all but the label to their own values move a pixel by "
            f"{null_edit:.1f} grey levels of 255. A "
            "classifier trained on counterfactuals alone is right on "
            f"{figures[keys.TRANSFER_REAL]:.1f} % of real images, and on "
            f"{figures[keys.TRANSFER_GAP]:.1f} points more of edited ones."
        )
        section.blocks.append(Table(f"Traces: {run.name}", header, rows, note))
    for run in judged or trained:
        edits = [path for path in run.pictures() if path.stem.startswith("do-")]
        section.blocks += [Picture(f"Edits, {path.stem}: {run.name}", path) for path in edits]
    section.blocks += curves_of("Loss on validation images", "loss, nats", trained, keys.VAL_LOSS)
    return section


def failures(audits: Sequence[Run], judged: Sequence[Run]) -> Section:
    """Where the data are thin, and the edits to distrust."""
    section = Section(
        "Failures",
        "What to distrust: combinations of values with few images, edits that the judges do not "
        "read as wanted, and edits whose way back ends elsewhere.",
    )
    for run in audits:
        audit = json.loads((run.folder / "audit.json").read_text(encoding="utf-8"))
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
                more = left_out(int(run.figures.get(key, len(named))), "of them")
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
            text = path.read_text(encoding="utf-8")
            section.blocks.append(Code(f"Configuration: {run.name}", text))
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
