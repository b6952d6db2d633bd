"""Heat maps, written as PNG."""

from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cfaug.auditing.attribute_audit import Audit
from cfaug.plotting.letters import save_figure
from datamodules.attributes import AttributeSpace
from datamodules.process.measures import contingency

MOST_NUMBERS = 200
"""A heat map with more cells than this shows no numbers."""


def _heat(
    axes: Axes,
    values: Tensor,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    form: str,
    top: float | None = None,
) -> None:
    colors = axes.imshow(values.numpy(), cmap="Blues", vmin=0, vmax=top, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_title(title)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title):
        text.set_parse_math(False)  # names may have dollars
    if values.numel() > MOST_NUMBERS:
        axes.figure.colorbar(colors, ax=axes)
        return
    limit = 0.6 * (float(values.max()) if top is None else top)
    cells = torch.ones_like(values).nonzero().tolist()
    for (i, j), value in zip(cells, values.flatten(), strict=True):
        shade = "white" if value > limit else "black"
        axes.text(
            j, i, format(float(value), form), ha="center", va="center", color=shade, fontsize=8
        )


def save_audit(
    audit: Audit, attributes: Tensor, space: AttributeSpace, path: Path, most: int = 4
) -> None:
    """Save heat maps: CNF of all pairs, and images by label and the most confounded attributes.

    Args:
        audit: The audit.
        attributes: (N, K) int64 codes.
        space: The attributes.
        path: The picture.
        most: Attributes that get a heat map with the label.
    """
    names = space.names
    measure = torch.zeros(len(names), len(names))
    for pair in audit.pairs:
        i, j = names.index(pair.first), names.index(pair.second)
        measure[i, j] = measure[j, i] = pair.cnf
    label = space.label_position
    worst = [p for p in audit.pairs if space.label in (p.first, p.second)][:most]
    others = [names.index(p.first if p.second == space.label else p.second) for p in worst]
    side = max(4.8, 0.22 * len(names))
    widths = [side, *(max(2.4, 0.46 * min(30, space.cardinalities[k])) for k in others)]
    height = max(side, 0.16 * space.cardinalities[label])
    figure = Figure(figsize=(sum(widths) + 0.7 * len(widths), height), layout="constrained")
    first, *panels = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    _heat(first, measure, names, names, "CNF (nats)", ".2f")
    for axes, k in zip(panels, others, strict=True):
        sizes = space.cardinalities[label], space.cardinalities[k]
        counts = contingency(attributes[:, label], attributes[:, k], sizes)
        values = space.attributes[label].values, space.attributes[k].values
        _heat(axes, counts, *values, f"images by {names[label]}\nand {names[k]}", ".0f")
    save_figure(figure, path, dpi=90)


def save_effectiveness(
    effectiveness: Tensor, judges: Tensor, names: Sequence[str], path: Path
) -> None:
    """Heat map do(i) × judge(k) in per cent, with the judges' own accuracy on real images below."""
    rows = [*(f"do({name})" for name in names), "real images"]
    values = torch.cat([effectiveness, judges[None]])
    figure = Figure(figsize=(2 + 1.2 * len(names), 1.5 + 0.8 * len(rows)), layout="constrained")
    columns = [f"judge({name})" for name in names]
    _heat(figure.add_subplot(), values, rows, columns, "reads the intended value, %", ".1f", 100)
    save_figure(figure, path, dpi=90)
