"""Which method to use, in sentences, from the figures of a benchmark."""

import json
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

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

UNFAIR = "oracle"
"""A method that a user of real images cannot have begins with this word."""


class Compared(NamedTuple):
    """The methods of a benchmark at one strength.

    ``accuracy`` is that of each method on the test set ``split`` in per cent; ``differences`` are
    those to the best method without counterfactuals on the same images, with their intervals.
    """

    split: str
    accuracy: Mapping[str, float]
    differences: Mapping[str, tuple[float, Interval]]

    @property
    def plain(self) -> str | None:
        """The best method without counterfactuals; ERM where it is as good."""
        return self._best([name for name in self.accuracy if "+" not in name])

    @property
    def composed(self) -> str | None:
        """The best one with counterfactuals."""
        return self._best([name for name in self.accuracy if "+" in name])

    def _best(self, names: Sequence[str]) -> str | None:
        return max(names, key=lambda n: (self.accuracy[n], n.startswith("erm")), default=None)


def compared(run: Run) -> Compared | None:
    """What a benchmark compares; None where it has several strengths, or no method.

    Args:
        run: The benchmark.
    """
    for split in keys.FIRST_TEST_SETS:
        prefix = keys.ACCURACY.format(split=split).removeprefix("test/") + "/"
        accuracy = {
            name.removeprefix(prefix): value
            for name, value in run.figures.items()
            if name.startswith(prefix) and not name.removeprefix(prefix).startswith(UNFAIR)
        }
        if any("/" in name for name in accuracy):
            return None
        if accuracy:
            differences = {}
            for name in accuracy:
                key, *ends = (f"difference{end}/{name}" for end in ("", "_low", "_high"))
                if key in run.figures:
                    low, high = (run.figures[end] for end in ends)
                    differences[name] = run.figures[key], (low, high)
            return Compared(split, accuracy, differences)
    return None


def advice(runs: Sequence[Run]) -> list[str]:
    """Which method to use, how sure that is, and which images would help.

    Args:
        runs: A benchmark and the runs of its cells.
    """
    benchmarks = [run for run in runs if run.job == "benchmark"]
    if len(benchmarks) != 1:
        return []
    found = compared(benchmarks[0])
    if found is None or found.plain is None:
        return []
    on_val = benchmarks[0].record.get("test_on") == "val"
    images = "validation" if on_val else "test"
    where = f"of {found.split} {images} images"
    chosen, told = _with_or_without(found, where)
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
        return plain, [f"Use {plain}, the best of {len(found.accuracy)} methods: {right}."]
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
    best = found.accuracy[found.plain or "erm"]
    if "erm" in found.accuracy and best - found.accuracy["erm"] < SAME:
        return ["No other method without counterfactuals beats ordinary training (erm)."]
    if "erm" not in found.differences:
        return []
    points, (low, high) = found.differences["erm"]
    sure = "" if high < 0 else ", which may be chance"
    return [
        f"Ordinary training (erm): {found.accuracy['erm']:.1f} % {where} right, {-points:.1f} "
        f"points below {found.plain}{sure} (95 % interval {-high:.1f} to {-low:.1f})."
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
