"""The pictures of a benchmark on a data set."""

from collections.abc import Sequence
from pathlib import Path

from cfaug.benchmarking.comparing.roles import (
    Row,
    has_counterfactuals,
    is_baseline,
    is_erm,
    is_oracle,
    networks_of,
)
from cfaug.benchmarking.comparing.rows import confounded, interval_of, strength_of, test_set_of
from cfaug.benchmarking.methods import ERM
from cfaug.plotting.charts import (
    Cost,
    Curve,
    Estimate,
    Kind,
    Panel,
    save_accuracies,
    save_costs,
    save_curves,
    save_tradeoff,
)
from cfaug.tracking import keys

BALANCED = "balanced"
"""A method whose accuracy stands above a picture of generators, as those of ERM and an oracle."""


def save_pictures(rows: Sequence[Row], generators: Sequence[Row], folder: Path) -> list[Path]:
    """Draw what there is to see.

    - ``accuracy.png``: the accuracy of each method, at one strength.
    - ``strengths.png``: the error over strength, at several.
    - ``cost.png``: the error over time of training, at the largest strength.
    - ``tradeoff.png``: accuracy over how well the label is edited, with several generators,
      for each network.

    Args:
        rows: Of methods, at least one.
        generators: Of generators.
        folder: Where to.

    Returns:
        The files.
    """
    paths, test_set = [], test_set_of(rows[0])
    if compared := panels(rows, generators):
        paths.append(folder / "tradeoff.png")
        save_tradeoff(compared, paths[-1], test_set)
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


def panels(rows: Sequence[Row], generators: Sequence[Row]) -> list[Panel]:
    """Accuracy against how well the label is edited, where there are generators to compare.

    Returns:
        A panel for each strength and network, with the accuracy of ERM trained with each generator.
    """
    found, networks = [], networks_of(rows)
    for strength in sorted({strength_of(row) for row in generators} - {0.0}):
        for network in networks:
            alike = [row for row in rows if row["backbone"] == network]
            here = [row for row in alike if strength_of(row) == strength and not is_oracle(row)]
            several = f", {network}" if len(networks) > 1 else ""
            panel = Panel(f"r = {strength:g}{several}", [], _levels(here))
            oracles = sorted(filter(is_oracle, alike), key=lambda row: float(row["accuracy"]))
            if oracles:
                panel.levels["oracle"] = _estimate(oracles[-1])
            learnt = {row.get("generator"): row for row in here if row["method"] == ERM}
            for row in generators:
                if strength_of(row) == strength and row["name"] in learnt:
                    accuracy = _estimate(learnt[row["name"]])
                    panel.points.append((str(row["name"]), _effect(row), accuracy))
            panel.points.sort(key=lambda point: -point[2].value)
            if len(panel.points) > 1:
                found.append(panel)
    return found


def _levels(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Accuracies of ERM and of `BALANCED`, those that are there."""
    plain = [row for row in rows if is_erm(row)]
    plain += [row for row in rows if row["method"] == BALANCED and is_baseline(row)]
    return {str(row["method"]): _estimate(row) for row in plain}


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


def _curves(rows: Sequence[Row]) -> dict[str, Curve]:
    """Accuracy over strength of each method that was measured at more than one."""
    found: dict[str, dict[float, Estimate]] = {}
    for row in rows:
        strengths = confounded(rows) if is_oracle(row) else [strength_of(row)]
        found.setdefault(str(row["name"]), {}).update(dict.fromkeys(strengths, _estimate(row)))
    kinds = {str(row["name"]): _kind(row) for row in rows}
    return {name: Curve(each, kinds[name]) for name, each in found.items() if len(each) > 1}


def _kind(row: Row) -> Kind:
    if is_oracle(row):
        return "oracle"
    if has_counterfactuals(row):
        return "counterfactuals"
    return "erm" if is_erm(row) else "other"


def costs(rows: Sequence[Row], generators: Sequence[Row], strength: float) -> dict[str, Cost]:
    """What the methods at a strength cost, but oracles, by name.

    A method whose generator took nobody knows how long is left out.
    """
    trained = {
        row["name"]: row["seconds/generator"] for row in generators if strength_of(row) == strength
    }
    found = {}
    for row in rows:
        if strength_of(row) == strength and not is_oracle(row):
            composed, seconds = has_counterfactuals(row), float(row["seconds/classifier"])
            if composed:
                known = row.get("seconds/generator", trained.get(row["generator"]))
                if known is None:
                    continue
                seconds += float(known)
            found[str(row["name"])] = Cost(seconds, _estimate(row), composed)
    return found
