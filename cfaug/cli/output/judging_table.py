"""What ``cfaug evaluate`` prints."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from cfaug.terminal.tables import Side, short_table
from cfaug.tracking import keys

MOST_ROWS = 12
"""Attributes that are printed; of more, those whose edits take least often."""

COLUMNS: dict[str, Side] = {
    "a": "left",
    **dict.fromkeys(["taken", "kept", "judge", "old", "guess", "back"], "right"),
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
        single = (keys.JUDGE, keys.LEAKAGE, keys.LEAKAGE_CHANCE, keys.REVERSIBILITY)
        judge, *rest = (f"{figures[key.format(attribute=name)]:.1f}" for key in single)
        least, other = min(kept, default=(None, ""))
        lowest = "" if least is None else f"{least:.1f}"
        return [name, f"{taken(name):.1f}", lowest, judge, *rest, other]

    shown = names if len(names) <= MOST_ROWS else sorted(names, key=taken)[:MOST_ROWS]
    return short_table(
        COLUMNS, map(row, shown), "edits of test images, %; back: grey levels of 255"
    )


def judging_lines(figures: Mapping[str, float], names: Sequence[str]) -> list[str]:
    """What stands below the table."""
    one, ten = (figures[keys.COMPOSITION.format(times=times)] for times in (1, 10))
    lines = [
        "taken, kept: read as wanted after do(a); judge: read right on real images",
        "old: a probe reads what it was; back: moved by the edit and its reverse",
        f"an edit that changes nothing moves a pixel by {one:.1f} of 255 grey levels, ten by "
        f"{ten:.1f}",
        f"taught by counterfactuals alone: {figures[keys.TRANSFER_REAL]:.1f} % of real, "
        f"{figures[keys.TRANSFER_EDITED]:.1f} % of edited images right",
    ]
    if len(names) > MOST_ROWS:
        left_out = len(names) - MOST_ROWS
        lines.insert(0, f"the {MOST_ROWS} that take least often; {left_out} more in metrics.json")
    return lines
