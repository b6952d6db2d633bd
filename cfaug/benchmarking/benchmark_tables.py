"""The table and the pictures of a benchmark, from the files of its finished cells."""

import csv
import itertools
from pathlib import Path

from cfaug.benchmarking.methods import TITLES, title_of
from cfaug.benchmarking.rows import Row, confounded, interval_of, strength_of, test_set_of
from cfaug.classifiers.intervals import Interval
from cfaug.plotting.charts import Estimate, Panel, save_accuracies, save_curves, save_tradeoff
from cfaug.terminal.tables import with_interval
from cfaug.tracking import keys
from cfaug.tracking.drawn_images import drawn_of
from datamodules.process.sampling import EARLY_DRAWS
from datamodules.storage.atomic_files import whole_file


def _short(row: Row) -> dict[str, tuple[float, Interval | None] | None]:
    """The columns of the short table, with intervals; None where a row has no such figure."""

    def figure(name: str, minus: str | None = None) -> tuple[float, Interval | None] | None:
        value, other = row.get(name), row.get(minus) if minus else 0.0
        if value is None or other is None:
            return None
        return float(value) - float(other), None if minus else interval_of(row, name)

    test_set = test_set_of(row)
    prefix = "generator/confounding_before/"  # measured for all attributes but the label
    others = [name.removeprefix(prefix) for name in row if name.startswith(prefix)]
    judged = (name.removeprefix("generator/judge/") for name in row if "generator/judge/" in name)
    names = sorted(judged, key=lambda name: name in others)  # the label first
    flips = keys.started(keys.FLIP_RATE)
    effect, leak = "generator/effectiveness/do-", "generator/leakage"
    known = "generator/known_process/effectiveness/do-"
    joint, chance = "generator/joint_leakage", "generator/leakage_chance"
    return {
        "accuracy": figure(keys.ACCURACY.format(split=test_set)),
        "worst group": figure(keys.WORST_GROUP_ACCURACY.format(split=test_set)),
        **{
            f"flips({name.removeprefix(flips)})": figure(name)
            for name in row
            if name.startswith(flips)
        },
        "gap closed": figure("gap_closed"),
        "excess": figure("excess_error"),
        "alone": figure("generator/transfer/real"),
        "transfer gap": figure("generator/transfer/gap"),
        **{f"do({name})": figure(f"{effect}{name}/{name}") for name in names},
        **{f"known do({name})": figure(f"{known}{name}/{name}") for name in names},
        **{f"kept by do({name})": figure(f"{effect}{name}/{names[0]}") for name in others},
        **{f"leak({name})": figure(f"{leak}/{name}", f"{chance}/{name}") for name in names},
        **{f"joint leak({name})": figure(f"{joint}/{name}", f"{chance}/{name}") for name in others},
        "composition": figure("generator/composition/1"),
        **{f"back({name})": figure(f"generator/reversibility/{name}") for name in names},
        **{f"exact({name})": figure(f"generator/exact_l1/{name}") for name in others},
        "generator s": figure("seconds/generator"),
    }


LEGEND = """\
accuracy: of a classifier on the {test_set} test set, %, mean over seeds. worst group: in the
combination of values where it is lowest, of those with at least 10 test images. flips(a):
predictions that change when a alone truly changes, %. In brackets: 95 % intervals, of the test
images and, with several seeds, of the seeds; cells of an earlier version may have none.
gap closed: % of the way from ERM to the oracle. excess: points below the oracle.
alone: accuracy, on the same real images, of a classifier that saw counterfactuals only.
transfer gap: how much better that one is on edited images than on real ones, points.
do(a): how often a judge, trained as a user can, reads the new value of a, %. known do(a): the same
by a judge of the known process. kept by do(a): how often the first still reads the label.
leak(a): points above guessing with which the strongest of three probes reads the old value of a
after do(a). joint leak(a): the same after an edit of all attributes but the label.
composition: L1 (0 to 255) after that edit with the values that an image has. back(a): L1 after an
edit of a and back. exact(a): L1 to the true counterfactual. generator s: seconds of training.
drawn: confounding of the label that weights leave in the images that the generator or the
classifier is trained on, in nats, with the attribute of which most is left, and how many images
the draws are worth (Kish), after the first {early:,} draws, which weigh rare images more;
methods without such a figure draw all images alike.
"""


def lines_of_draws(rows: list[Row]) -> list[str]:
    """For each strength what weights leave of the confounding; of earlier cells none is known."""
    lines = []
    for strength in confounded(rows):
        told: dict[str, list[str]] = {}
        those = [row for row in rows if strength_of(row) == strength and row["name"] != "oracle"]
        for row in those:
            drawn = drawn_of(row, "generator/") or drawn_of(row)
            if drawn is None:
                continue
            worth = f"as if {drawn.worth:,.0f} of {drawn.images:,.0f} images"
            left = f"{drawn.left:.2f} of {drawn.cnf:.2f} left ({drawn.attribute}), "
            said = worth if drawn.attribute is None else left + worth
            told.setdefault(said, []).append(title_of(str(row["name"])))
        if told:
            methods = "; ".join(f"{', '.join(names)} {said}" for said, names in told.items())
            where = f" at r = {strength:g}" if "strength" in those[0] else ""
            lines.append(f"drawn{where}: {methods}")
    return lines


def write_tables(rows: list[Row], folder: Path) -> list[Path]:
    """Write ``table.csv`` (all figures), ``table.md`` (the main ones), and the pictures.

    Returns:
        The files.
    """
    paths = [folder / "table.csv", folder / "table.md"]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with whole_file(paths[0]) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    with whole_file(paths[1]) as part:
        part.write_text(_markdown(rows), encoding="utf-8")
    if panels := _panels(rows):
        paths.append(folder / "tradeoff.png")
        save_tradeoff(panels, paths[-1], test_set_of(rows[0]))
    if len(confounded(rows)) == 1:
        paths.append(folder / "accuracy.png")
        save_accuracies(_accuracies(rows), paths[-1], test_set_of(rows[0]))
    if len(set(confounded(rows)) - {0.0}) > 1:
        paths.append(folder / "strengths.png")
        save_curves(_curves(rows), paths[-1], test_set_of(rows[0]))
    return paths


def _markdown(rows: list[Row]) -> str:
    shorts = [_short(row) for row in rows]
    names = max(map(list, shorts), key=len)
    sources = [str(row["commands"]).splitlines() for row in rows]
    commands = list(dict.fromkeys(itertools.chain(*sources)))
    header = ["r", "configuration", "seeds", *names, "commands"]
    lines = [header, ["---"] * len(header)]
    for row, short, source in zip(rows, shorts, sources, strict=True):
        numbers = ", ".join(str(1 + commands.index(command)) for command in source)
        values = (short.get(name) for name in names)
        cells = ("" if value is None else with_interval(*value) for value in values)
        strength = f"{row['strength']:g}" if "strength" in row else ""
        lines.append([strength, title_of(str(row["name"])), str(row["seeds"]), *cells, numbers])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    behind = "\n".join(f"{number}. `{line}`" for number, line in enumerate(commands, start=1))
    drawn = "".join(f"- {line}\n" for line in lines_of_draws(rows))
    legend = LEGEND.format(test_set=test_set_of(rows[0]), early=EARLY_DRAWS)
    told = f"{drawn}\n{legend}" if drawn else legend
    return f"{table}\n\n{told}\nCommands, each with its commit:\n\n{behind}\n"


def _panels(rows: list[Row]) -> list[Panel]:
    """Accuracy against how well the label is edited, where there are generators to compare."""
    panels = []
    for strength in sorted(set(confounded(rows)) - {0.0}):
        panel = Panel(f"r = {strength:g}", [], {})
        for row in rows:
            name = str(row["name"])
            if name == "oracle" or (name in TITLES and strength_of(row) == strength):
                panel.levels[TITLES[name]] = _estimate(row)
            elif strength_of(row) == strength:
                effect = next(v[0] for k, v in _short(row).items() if k.startswith("do(") and v)
                panel.points.append((name, effect, _estimate(row)))
        if len(panel.points) > 1:
            panels.append(panel)
    return panels


def _estimate(row: Row) -> Estimate:
    """Accuracy on the first test set."""
    accuracy = keys.ACCURACY.format(split=test_set_of(row))
    return Estimate(float(row["accuracy"]), interval_of(row, accuracy))


def _accuracies(rows: list[Row]) -> dict[str, Estimate]:
    """Accuracy of each row, the lowest first."""
    return {
        title_of(str(row["name"])): _estimate(row)
        for row in sorted(rows, key=lambda row: float(row["accuracy"]))
    }


def _curves(rows: list[Row]) -> dict[str, dict[float, Estimate]]:
    """Accuracy over strength of each configuration that was measured at more than one."""
    curves: dict[str, dict[float, Estimate]] = {}
    for row in rows:
        name = str(row["name"])
        curves.setdefault(title_of(name), {})[strength_of(row)] = _estimate(row)
    if oracle := curves.pop(TITLES["oracle"], None):
        strengths = {strength_of(row) for row in rows}
        curves[TITLES["oracle"]] = dict.fromkeys(sorted(strengths), oracle[0.0])
    return {name: curve for name, curve in curves.items() if len(curve) > 1}
