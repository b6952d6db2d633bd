"""Lines on what the weights of drawn images leave of the confounding."""

from collections.abc import Sequence

from cfaug.benchmarking.comparing.roles import Row, is_oracle
from cfaug.benchmarking.comparing.rows import confounded, strength_of
from cfaug.tracking.drawn_images import drawn_of


def lines_of_draws(rows: Sequence[Row]) -> list[str]:
    """For each strength what weights leave of the confounding.

    Args:
        rows: Rows of methods and of generators.
    """
    lines = []
    for strength in confounded(rows):
        told: dict[str, list[str]] = {}
        those = [row for row in rows if strength_of(row) == strength and not is_oracle(row)]
        for row in those:
            drawn = drawn_of(row, "generator/") or drawn_of(row)
            if drawn is None:
                continue
            worth = f"as if {drawn.worth:,.0f} of {drawn.images:,.0f} images"
            left = f"{drawn.left:.2f} of {drawn.cnf:.2f} left ({drawn.attribute}), "
            said = worth if drawn.attribute is None else left + worth
            told.setdefault(said, []).append(str(row["name"]))
        if told:
            methods = "; ".join(f"{', '.join(names)} {said}" for said, names in told.items())
            where = f" at r = {strength:g}" if "strength" in those[0] else ""
            lines.append(f"drawn{where}: {methods}")
    return lines
