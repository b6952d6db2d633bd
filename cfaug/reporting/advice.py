"""Which method to use, in sentences, from the figures of a benchmark."""

import json
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from cfaug.classifiers.group_accuracy import FEWEST
from cfaug.classifiers.intervals import Interval
from cfaug.reporting.cautions import of_generators
from cfaug.reporting.run_figures import groups_of
from cfaug.reporting.runs import Run
from cfaug.tracking import keys

WEAKEST = 2
"""Groups of which more images are advised."""

SAME = 0.05
"""Points that are 0 once they are rounded."""

DIFFERENCE = keys.alone(keys.DIFFERENCE)


class Compared(NamedTuple):
    """The methods of a benchmark with a network, at one strength; without oracles.

    ``accuracy`` is that of each method on the test set ``split`` in per cent; ``differences`` are
    those to the best method without counterfactuals on the same images, with their intervals.
    ``roles`` is what the record of the benchmark tells of each method, and ``network`` names the
    network where there are several.
    """

    split: str
    accuracy: Mapping[str, float]
    differences: Mapping[str, tuple[float, Interval]]
    roles: Mapping[str, Mapping[str, Any]]
    network: str | None = None

    @property
    def plain(self) -> str | None:
        """The best method without counterfactuals, which differences are to."""
        told = (self.roles[name].get("best_baseline") for name in self.accuracy)
        known = next(filter(None, told), None)
        return known or self._best(composed=False)

    @property
    def composed(self) -> str | None:
        """The best one with counterfactuals."""
        return self._best(composed=True)

    @property
    def erm(self) -> str | None:
        """Ordinary training."""
        names = self._names(composed=False)
        return next((name for name in names if self.roles[name]["method"] == "erm"), None)

    def _names(self, *, composed: bool) -> list[str]:
        return [name for name in self.accuracy if self.roles[name]["counterfactuals"] == composed]

    def _best(self, *, composed: bool) -> str | None:
        """The most accurate; ERM where it is as good."""
        return max(
            self._names(composed=composed),
            key=lambda name: (self.accuracy[name], self.roles[name]["method"] == "erm"),
            default=None,
        )


def compared(run: Run) -> list[Compared]:
    """What a benchmark compares, for each network.

    Args:
        run: The benchmark.

    Returns:
        Nothing where it has several strengths, or no method, or its record tells of none.
    """
    told = run.record.get("methods", {})
    roles: dict[str, dict[str, Any]] = {n: role for n, role in told.items() if not role["oracle"]}
    networks = list(dict.fromkeys(role["backbone"] for role in roles.values()))
    for split in keys.FIRST_TEST_SETS:
        prefix = keys.ACCURACY.format(split=split).removeprefix("test/") + "/"
        accuracy = {n: run.figures[prefix + n] for n in roles if prefix + n in run.figures}
        if any("/" in name for name in accuracy):
            return []
        if accuracy:
            differences = {}
            for name in accuracy:
                key, *ends = (f"{DIFFERENCE}{end}/{name}" for end in ("", "_low", "_high"))
                if key in run.figures:
                    low, high = (run.figures[end] for end in ends)
                    differences[name] = run.figures[key], (low, high)
            several = len(networks) > 1
            return [
                Compared(
                    split,
                    {n: value for n, value in accuracy.items() if roles[n]["backbone"] == network},
                    differences,
                    roles,
                    network if several else None,
                )
                for network in networks
            ]
    return []


def advice(runs: Sequence[Run]) -> list[str]:
    """Which method to use, how sure that is, and which images would help.

    Methods are compared with those of the same network; of several networks the advice is that of
    the one whose method is the most accurate.

    Args:
        runs: A benchmark and the runs of its cells.
    """
    benchmarks = [run for run in runs if run.job == "benchmark"]
    if len(benchmarks) != 1:
        return []
    networks = [found for found in compared(benchmarks[0]) if found.plain is not None]
    if not networks:
        return []
    on_val = benchmarks[0].record.get("test_on") == "val"
    images = "validation" if on_val else "test"
    where = f"of {networks[0].split} {images} images"
    choices = [(found, *_with_or_without(found, where)) for found in networks]
    choices.sort(key=lambda choice: -choice[0].accuracy[choice[1]])
    (found, chosen, told), *others = choices
    if others:
        said = (f"{name} {of.accuracy[name]:.1f} %" for of, name, _ in others)
        told.append(f"With other networks, by accuracy alone: {', '.join(said)}.")
    told += _beside_erm(found, where)
    if found.composed is not None:
        judged = [run for run in runs if run.job == "evaluate"]
        if faults := of_generators(judged):
            told.append(f"Beware of the edits: {faults[0]}")
        elif judged:
            told.append("Judges and probes find nothing wrong with the generator's edits.")
    told += _images_wanted(chosen, found.split, runs)
    if not on_val:
        told.append("Test images have made this choice, so its figures flatter it a little.")
    return told


def _with_or_without(found: Compared, where: str) -> tuple[str, list[str]]:
    """The method to use, and why."""
    plain, composed = found.plain, found.composed
    assert plain is not None
    right = f"{found.accuracy[plain]:.1f} % {where} right"
    if composed is None or composed not in found.differences:
        count = len(found.accuracy)
        among = f"the best of {count} methods" if count > 1 else "the only method"
        network = f" with {found.network}" if found.network else ""
        return plain, [f"Use {plain}, {among}{network}: {right}."]
    points, (low, high) = found.differences[composed]
    beside = f"(95 % interval {low:.1f} to {high:.1f})"
    if low > 0:
        return composed, [
            f"Use {composed}: {found.accuracy[composed]:.1f} % {where} right, {points:.1f} points "
            f"above {plain}, the best method without counterfactuals {beside}."
        ]
    if high < 0:
        return plain, [
            f"Use {plain}: {right}. Counterfactuals do not help here: {composed}, the best with "
            f"them, is {-points:.1f} points below {beside}."
        ]
    if abs(points) < SAME:
        differs = "as good"
    else:
        side = "above" if points > 0 else "below"
        differs = f"{abs(points):.1f} points {side}, which may be chance"
    return plain, [
        f"Use {plain}, the simpler: {right}. {composed}, the best with counterfactuals, is "
        f"{differs} {beside}."
    ]


def _beside_erm(found: Compared, where: str) -> list[str]:
    """What ordinary training costs."""
    plain, erm = found.plain, found.erm
    if plain is None or erm is None:
        return []
    if found.accuracy[plain] - found.accuracy[erm] < SAME:
        return [f"No other method without counterfactuals beats ordinary training ({erm})."]
    if erm not in found.differences:
        return []
    points, (low, high) = found.differences[erm]
    sure = "" if high < 0 else ", which may be chance"
    return [
        f"Ordinary training ({erm}): {found.accuracy[erm]:.1f} % {where} right, {-points:.1f} "
        f"points below {plain}{sure} (95 % interval {-high:.1f} to {-low:.1f})."
    ]


def _images_wanted(method: str, split: str, runs: Sequence[Run]) -> list[str]:
    """The groups in which the method is weakest, and how many training images they have."""
    cells = [run for run in runs if run.job == "classifier" and f"/{method}/" in f"/{run.name}/"]
    seen: dict[str, list[float]] = {}
    for group in (g for run in cells for g in groups_of(run, split) if g.images >= FEWEST):
        seen.setdefault(group.name, []).append(group.accuracy)
    means = {name: fmean(values) for name, values in seen.items()}
    weakest = sorted((n for n in means if means[n] < 100), key=lambda name: means[name])[:WEAKEST]
    counts = _training_images(runs)
    named = [
        f"{name} ({means[name]:.1f} % right"
        + (f", {counts[name]:,} training images)" if name in counts else ")")
        for name in weakest
    ]
    if not named:
        return []
    told = f"{method} is weakest on {'; '.join(named)}"
    return [f"{told}: training images of these are what to look for first."]


def _training_images(runs: Sequence[Run]) -> dict[str, int]:
    """Training images of the rarest combinations, by the names that `groups_of` has."""
    counts: dict[str, int] = {}
    for run in runs:
        if run.job == "audit":
            audit = json.loads((run.folder / "audit.json").read_text(encoding="utf-8"))
            fewest: dict[str, int] = audit.get("fewest", {})
            counts |= {name.replace("=", " "): count for name, count in fewest.items()}
    return counts
