"""What ``cfaug evaluate`` prints."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from cfaug.terminal.tables import Side, short_table
from cfaug.tracking import keys

MOST_ROWS = 12
"""Attributes that are printed; of more, those whose edits take least often."""

COLUMNS: dict[str, Side] = {
    "a": "left",
    **dict.fromkeys(["taken", "kept", "judge", "old", "all", "guess"], "right"),
    "least kept": "left",
}


def judging_table(figures: Mapping[str, float], names: Sequence[str]) -> Table:
    """A row for each attribute: what judges and a probe make of its edits.

    Args:
        figures: Those of `judge_generator`.
        names: The attributes.
    """

    def taken(name: str) -> float:
        return figures[keys.EFFECTIVENESS.format(edited=name, read=name)]

    def row(name: str) -> list[str]:
        kept = [
            (figures[keys.EFFECTIVENESS.format(edited=name, read=other)], other)
            for other in names
            if other != name
        ]
        single = (keys.JUDGE, keys.LEAKAGE, keys.JOINT_LEAKAGE, keys.LEAKAGE_CHANCE)
        found = (figures.get(key.format(attribute=name)) for key in single)
        judge, *rest = ("" if value is None else f"{value:.1f}" for value in found)
        least, other = min(kept, default=(None, ""))
        lowest = "" if least is None else f"{least:.1f}"
        return [name, f"{taken(name):.1f}", lowest, judge, *rest, other]

    shown = names if len(names) <= MOST_ROWS else sorted(names, key=taken)[:MOST_ROWS]
    return short_table(COLUMNS, map(row, shown), "edits of test images, %")


def judging_lines(figures: Mapping[str, float], names: Sequence[str]) -> list[str]:
    """What stands below the table."""
    one, ten = (figures[keys.COMPOSITION.format(times=times)] for times in (1, 10))
    chances = [keys.LEAKAGE_CHANCE.format(attribute=name) for name in names]
    margin = max(figures[keys.ends(chance)[1]] - figures[chance] for chance in chances)
    images = figures[keys.JUDGED_IMAGES]
    lines = [
        "taken, kept: read as wanted after do(a); judge: read right on real images",
        "old, all: a probe reads the old value after do(a), or after an edit of all but",
        f"the label; on {images:,.0f} images guessing varies by {margin:.1f} points",
        f"an edit to the same values moves a pixel by {one:.1f} of 255 grey levels, ten by "
        f"{ten:.1f}",
        f"taught by counterfactuals alone: {figures[keys.TRANSFER_REAL]:.1f} % of real, "
        f"{figures[keys.TRANSFER_EDITED]:.1f} % of edited images right",
    ]
    differences = [
        figures[key]
        for name in names
        if (key := keys.EFFECTIVENESS_DIFFERENCE.format(edited=name, read=name)) in figures
    ]
    if differences:
        points = max(differences, key=abs)
        lines.append(
            f"judges of the known process, which no user has, read up to {abs(points):.1f} points "
            f"{'less' if points > 0 else 'more'}"
        )
    if len(names) > MOST_ROWS:
        left_out = len(names) - MOST_ROWS
        lines.insert(0, f"the {MOST_ROWS} that take least often; {left_out} more in metrics.json")
    return lines
