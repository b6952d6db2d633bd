"""The table and the figures of a study, from the files of its finished cells."""

import csv
import itertools
import json
import statistics
from pathlib import Path

from cfaug.benchmarking.loop import TITLES, gap_closed, standard_error
from cfaug.plotting.charts import Panel, save_curves, save_tradeoff
from cfaug.tracking.keys import UNCONFOUNDED
from datamodules.storage.atomic_files import whole_file

Row = dict[str, float | str]


def summarize(results: Path) -> list[Row]:
    """One row for each strength and configuration of which there is a finished cell.

    Returns:
        Rows by strength, then accuracy, with ``name``, ``strength``, ``seeds``, the ``commands``
        of the cells, each with its commit, means over seeds of every figure under its own name,
        ``accuracy`` with ``standard_error``, and what follows from ERM and the oracle at the same
        strength: ``gap_closed`` (%), ``excess_error`` (points).
    """
    groups: dict[tuple[float, str], list[dict[str, object]]] = {}
    for path in sorted(results.glob("r-*/*/seed-*.json")):
        cell = json.loads(path.read_text())
        groups.setdefault((cell["strength"], cell["configuration"]), []).append(cell)
    rows = [_row(cells) for cells in groups.values()]
    accuracy = {(row["strength"], row["name"]): float(row["accuracy"]) for row in rows}
    oracle = accuracy.get((0.0, "oracle"))
    if oracle is not None:
        for row in rows:
            value, erm = float(row["accuracy"]), accuracy.get((row["strength"], "erm"))
            row["excess_error"] = oracle - value
            if erm is not None and (closed := gap_closed(value, erm, oracle)) is not None:
                row["gap_closed"] = closed
    return sorted(rows, key=lambda row: (row["strength"], -float(row["accuracy"])))


def _row(cells: list[dict[str, object]]) -> Row:
    first = cells[0]
    row: Row = {"name": str(first["configuration"]), "strength": float(str(first["strength"]))}
    commands = dict.fromkeys(f"{cell['study']}  # {cell['commit']}" for cell in cells)
    row |= {"seeds": len(cells), "commands": "\n".join(commands)}
    for kind in ("figures", "seconds"):
        tables: list[dict[str, float]] = [cell[kind] for cell in cells]  # type: ignore[misc]
        for name in tables[0]:
            key = name if kind == "figures" else f"seconds/{name}"
            row[key] = statistics.fmean(table[name] for table in tables)
            if name == UNCONFOUNDED:
                row["accuracy"] = row[key]
                if len(tables) > 1:
                    row["standard_error"] = standard_error([table[name] for table in tables])
    return row


def _short(row: Row) -> dict[str, float | None]:
    """The columns of the short table; None where a row has no such figure."""

    def figure(name: str, minus: str | None = None) -> float | None:
        value, other = row.get(name), row.get(minus) if minus else 0.0
        return None if value is None or other is None else float(value) - float(other)

    prefix = "generator/confounding_before/"  # measured for all attributes but the label
    others = [name.removeprefix(prefix) for name in row if name.startswith(prefix)]
    judged = (name.removeprefix("generator/judge/") for name in row if "generator/judge/" in name)
    names = sorted(judged, key=lambda name: name in others)  # the label first
    effect, leak = "generator/effectiveness/do-", "generator/leakage"
    return {
        "accuracy": figure("accuracy"),
        "±": figure("standard_error"),
        "gap closed": figure("gap_closed"),
        "excess": figure("excess_error"),
        "alone": figure("generator/transfer/real"),
        "transfer gap": figure("generator/transfer/gap"),
        **{f"do({name})": figure(f"{effect}{name}/{name}") for name in names},
        **{f"kept by do({name})": figure(f"{effect}{name}/{names[0]}") for name in others},
        **{f"leak({name})": figure(f"{leak}/{name}", f"{leak}_chance/{name}") for name in names},
        "composition": figure("generator/composition/1"),
        **{f"back({name})": figure(f"generator/reversibility/{name}") for name in names},
        "generator s": figure("seconds/generator"),
    }


LEGEND = """\
accuracy: of a classifier on the unconfounded test set, %, mean over seeds; ±: standard error.
gap closed: % of the way from ERM to the oracle. excess: points below the oracle.
alone: accuracy, on the same real images, of a classifier that saw counterfactuals only.
transfer gap: how much better that one is on edited images than on real ones, points.
do(a): how often a judge reads the new value of a, %. kept by do(a): how often it still reads the
label. leak(a): points above guessing with which a probe reads the old value of a.
composition: L1 (0 to 255) after a null edit. back(a): L1 after an edit of a and back.
generator s: seconds of training.
"""


def write_tables(rows: list[Row], folder: Path) -> list[Path]:
    """Write ``table.csv`` (all figures), ``table.md`` (the main ones), and the pictures.

    Returns:
        The files.
    """
    paths = [folder / "table.csv", folder / "table.md"]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with whole_file(paths[0]) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    with whole_file(paths[1]) as part:
        part.write_text(_markdown(rows))
    if panels := _panels(rows):
        paths.append(folder / "tradeoff.png")
        save_tradeoff(panels, paths[-1])
    if len({row["strength"] for row in rows} - {0.0}) > 1:
        paths.append(folder / "strengths.png")
        save_curves(_curves(rows), paths[-1])
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
        values = ((short.get(name), 2 if name == "±" else 1) for name in names)
        cells = ("" if value is None else f"{value:.{digits}f}" for value, digits in values)
        title = TITLES.get(str(row["name"]), str(row["name"]))
        lines.append([f"{row['strength']:g}", title, str(row["seeds"]), *cells, numbers])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    behind = "\n".join(f"{number}. `{line}`" for number, line in enumerate(commands, start=1))
    return f"{table}\n\n{LEGEND}\nCommands, each with its commit:\n\n{behind}\n"


def _panels(rows: list[Row]) -> list[Panel]:
    """Accuracy against how well the label is edited, where there are generators to compare."""
    panels = []
    for strength in sorted({float(row["strength"]) for row in rows} - {0.0}):
        panel = Panel(f"r = {strength:g}", [], {})
        for row in rows:
            name, accuracy = str(row["name"]), float(row["accuracy"])
            if name == "oracle" or (name in TITLES and row["strength"] == strength):
                panel.levels[TITLES[name]] = accuracy
            elif row["strength"] == strength:
                effect = next(v for k, v in _short(row).items() if k.startswith("do(") and v)
                error = float(row.get("standard_error", 0.0))
                panel.points.append((name, effect, accuracy, error))
        if len(panel.points) > 1:
            panels.append(panel)
    return panels


def _curves(rows: list[Row]) -> dict[str, dict[float, float]]:
    """Accuracy over strength of each configuration that was measured at more than one."""
    curves: dict[str, dict[float, float]] = {}
    for row in rows:
        name = str(row["name"])
        curves.setdefault(TITLES.get(name, name), {})[float(row["strength"])] = float(
            row["accuracy"]
        )
    if oracle := curves.pop(TITLES["oracle"], None):
        strengths = {float(row["strength"]) for row in rows}
        curves[TITLES["oracle"]] = dict.fromkeys(sorted(strengths), oracle[0.0])
    return {name: curve for name, curve in curves.items() if len(curve) > 1}
