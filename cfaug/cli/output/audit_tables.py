"""What ``cfaug audit`` prints."""

from collections.abc import Sequence

from rich.table import Table

from cfaug.auditing.attribute_audit import Audit, PairAudit
from cfaug.auditing.remaining_confounding import Remainder
from cfaug.auditing.thin_combinations import Thin
from cfaug.terminal.tables import Side, cut, short_table
from datamodules.attributes import MOST_GROUPS
from datamodules.process.resampled_set import ResampledSet

MOST_PAIRS = 12
MOST_SETS = 6
"""Rows of the tables; ``audit.json`` has all."""

LINE = 150
"""Letters of the line that names combinations, which is two lines of 80 columns."""

SHORT_LINE = 60
"""Letters of the names of attributes beside an accuracy, the most dependent first."""


def pairs_table(audit: Audit, left: Sequence[Remainder]) -> Table:
    """The measures of the pairs, the worst first, with what partly deconfounded batches keep."""
    remaining = {(pair.first, pair.second): f"{pair.cnf:.3f}" for pair in left}

    def row(pair: PairAudit) -> list[str]:
        return [
            f"{pair.first} - {pair.second}",
            f"{pair.cnf:.3f}",
            f"{pair.cnf_low:.3f}-{pair.cnf_high:.3f}",
            f"{pair.cramers_v:.3f}",
            f"{pair.holm_p_value:.3f}",
            *([remaining[pair.first, pair.second]] if left else []),
            f"{pair.rarest}: {pair.smallest_cell:,}",
        ]

    columns: dict[str, Side] = {"pair": "left"}
    columns |= dict.fromkeys(["CNF", "95 %", "V", "p", *(["left"] if left else [])], "right")
    columns["rarest"] = "left"
    title = f"confounding of {audit.images:,} images, CNF in nats"
    return short_table(columns, map(row, audit.pairs[:MOST_PAIRS]), title)


def pairs_lines(audit: Audit, cap: float | None) -> list[str]:
    """What stands below the pairs; None where no column has what sampling under a cap leaves."""
    lines = ["V: Cramér's, bias-corrected; p: by permutation, Holm-corrected for all pairs"]
    if cap is not None:
        lines.append(f"left: CNF left in partly deconfounded batches (weight_cap {cap:g})")
    if len(audit.pairs) > MOST_PAIRS:
        more = len(audit.pairs) - MOST_PAIRS
        lines.insert(0, f"... and {more:,} more pairs; those with the label stand first")
    return lines


def sets_table(audit: Audit) -> Table:
    """The label with two attributes, those of the largest synergy first."""
    columns: dict[str, Side] = {"set": "left"}
    columns |= dict.fromkeys(["total correlation", "synergy", "p (Holm)"], "right")
    rows = [
        [
            ", ".join(found.names),
            f"{found.total_correlation:.3f}",
            f"{found.synergy:.3f}",
            f"{found.holm_p_value:.3f}",
        ]
        for found in audit.sets[:MOST_SETS]
    ]
    title = f"the label with two attributes, the first {len(rows)} of {len(audit.sets):,}, in nats"
    return short_table(columns, rows, f"{title}; p of the synergy")


def combinations_lines(audit: Audit, thin: Thin | None, rare: int) -> list[str]:
    """How many combinations lack images, and by the attributes that matter which."""
    few = f"{len(audit.rare(rare)):,} have 1 to {rare}"
    if audit.combinations > MOST_GROUPS:
        there = f"{len(audit.groups):,} of {audit.combinations:.1e} combinations have images"
        lines = [f"{there}, of which {few}"]
    else:
        lines = [
            f"{len(audit.empty):,} of {audit.combinations:,} combinations have no image, {few}"
        ]
    if thin:
        names = f"{', '.join(thin.names[:-1])} and {thin.names[-1]}"
        which = f"of {names} {thin.empty:,} of {thin.combinations:,} have none"
        lacking = ", ".join(
            f"{values}: {images}" if images else values for values, images in thin.images.items()
        )
        which += f", {thin.rare:,} have 1 to {rare}"
        lines.append(cut(f"{which}: {lacking}", LINE))
    return lines


def line_of_test_set(measured: ResampledSet, label: str) -> str:
    """What a resampled test set is worth, and what it leaves of the confounding."""
    worth = _worth(measured)
    line = (
        f"resampled test set: {measured.draws:,} draws of {measured.images:,} images, {worth}, "
        f"at most {100 * measured.largest_share:.1f} % of them of one image; {measured.empty:,} of "
        f"{measured.combinations:,} combinations have none"
    )
    return line + _left(measured, label, LINE)


def short_line_of_test_set(measured: ResampledSet, label: str) -> str:
    """The same beside an accuracy, in a line of 80 columns where names are short."""
    line = f"resampled: {measured.draws:,} draws of {measured.images:,} images, {_worth(measured)}"
    return line + _left(measured, label, SHORT_LINE)


def _worth(measured: ResampledSet) -> str:
    worth = f"worth {measured.effective_size:,.0f}"
    whole = measured.persons != measured.images
    return f"{worth} of {measured.persons:,} persons" if whole else worth


def _left(measured: ResampledSet, label: str, most: int) -> str:
    left = ", ".join(f"{found.attribute} {found.cramers_v:.2f}" for found in measured.dependences)
    return f"; V with {label}: {cut(left, most)}" if left else ""
