"""The pictures of a benchmark on a data set."""

from collections.abc import Sequence
from pathlib import Path

from cfaug.benchmarking.comparing.rows import (
    Row,
    confounded,
    interval_of,
    is_oracle,
    strength_of,
    test_set_of,
)
from cfaug.plotting.charts import (
    Estimate,
    Panel,
    save_accuracies,
    save_costs,
    save_curves,
    save_tradeoff,
)
from cfaug.tracking import keys

LEVELS = ("erm", "balanced", "oracle")
"""Methods whose accuracy stands above a picture of generators."""


def save_pictures(rows: Sequence[Row], generators: Sequence[Row], folder: Path) -> list[Path]:
    """Draw what there is to see.

    - ``accuracy.png``: the accuracy of each method, at one strength.
    - ``strengths.png``: accuracy over strength, at several.
    - ``cost.png``: accuracy over seconds of training, at the largest strength.
    - ``tradeoff.png``: accuracy over how well the label is edited, with several generators.

    Args:
        rows: Of methods, at least one.
        generators: Of generators.
        folder: Where to.

    Returns:
        The files.
    """
    paths, test_set = [], test_set_of(rows[0])
    if panels := _panels(rows, generators):
        paths.append(folder / "tradeoff.png")
        save_tradeoff(panels, paths[-1], test_set)
    strengths = confounded(rows)
    if len(strengths) == 1:
        paths.append(folder / "accuracy.png")
        by_accuracy = sorted(rows, key=lambda row: float(row["accuracy"]))
        save_accuracies(
            {str(row["name"]): _estimate(row) for row in by_accuracy}, paths[-1], test_set
        )
    if len(set(strengths) - {0.0}) > 1:
        paths.append(folder / "strengths.png")
        save_curves(_curves(rows), paths[-1], test_set)
    if len(found := costs(rows, generators, max(strengths, default=0.0))) > 1:
        paths.append(folder / "cost.png")
        save_costs(found, paths[-1], test_set)
    return paths


def _panels(rows: Sequence[Row], generators: Sequence[Row]) -> list[Panel]:
    """Accuracy against how well the label is edited, where there are generators to compare."""
    panels = []
    for strength in sorted({strength_of(row) for row in generators} - {0.0}):
        panel = Panel(f"r = {strength:g}", [], {})
        here = {
            str(row["name"]): row for row in rows if strength_of(row) == strength or is_oracle(row)
        }
        panel.levels.update({name: _estimate(here[name]) for name in LEVELS if name in here})
        for row in generators:
            learnt = here.get(f"erm+{row['name']}")
            if learnt is not None and strength_of(row) == strength:
                panel.points.append((str(row["name"]), _effect(row), _estimate(learnt)))
        panel.points.sort(key=lambda point: -point[2].value)
        if len(panel.points) > 1:
            panels.append(panel)
    return panels


def _effect(generator: Row) -> float:
    """How often a judge reads the wanted label after an edit of it, %."""
    others = "generator/confounding_before/"  # measured for all attributes but the label
    judged = "generator/judge/"
    label = next(
        name.removeprefix(judged)
        for name in generator
        if name.startswith(judged) and others + name.removeprefix(judged) not in generator
    )
    return float(generator[f"generator/effectiveness/do-{label}/{label}"])


def _estimate(row: Row) -> Estimate:
    """Accuracy on the first test set."""
    accuracy = keys.ACCURACY.format(split=test_set_of(row))
    return Estimate(float(row["accuracy"]), interval_of(row, accuracy))


def _curves(rows: Sequence[Row]) -> dict[str, dict[float, Estimate]]:
    """Accuracy over strength of each method that was measured at more than one."""
    curves: dict[str, dict[float, Estimate]] = {}
    for row in rows:
        if not is_oracle(row):
            curves.setdefault(str(row["name"]), {})[strength_of(row)] = _estimate(row)
    curves = {name: curve for name, curve in curves.items() if len(curve) > 1}
    for row in filter(is_oracle, rows):
        curves[str(row["name"])] = dict.fromkeys(confounded(rows), _estimate(row))
    return curves


def costs(
    rows: Sequence[Row], generators: Sequence[Row], strength: float
) -> dict[str, tuple[float, Estimate]]:
    """What the methods at a strength cost, but the oracle.

    Returns:
        By name the seconds of training, the generator's included, and the accuracy.
    """
    trained = {
        str(row["name"]): float(row["seconds/generator"])
        for row in generators
        if strength_of(row) == strength
    }
    found = {}
    for row in rows:
        if strength_of(row) == strength and not is_oracle(row):
            name = str(row["name"])
            generator = name.partition("+")[2].partition("@")[0]
            seconds = float(row["seconds/classifier"]) + trained.get(generator, 0.0)
            found[name] = seconds, _estimate(row)
    return found
