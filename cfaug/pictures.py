"""Pictures: heat maps and grids, written as PNG."""

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.utils import make_grid

from cfaug.auditing import Audit
from cfaug.confounding import contingency
from datamodules.attributes import Attribute, AttributeSpace

mpl.use("Agg")

MOST_NUMBERS = 200
"""A heat map of more cells has no numbers in them."""


def _heat(
    axes: Axes,
    values: Tensor,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    form: str,
    top: float | None = None,
) -> None:
    colors = axes.imshow(values, cmap="Blues", vmin=0, vmax=top, aspect="auto")
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
    """Heat maps: CNF of all pairs, and images by the label and the attributes that follow it most.

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
    figure.savefig(path, dpi=90)


def save_images(images: Sequence[Tensor], titles: Sequence[str], path: Path) -> None:
    """Rows of images under titles.

    Args:
        images: For each title (B, 3, H, W) in [0, 1], drawn in rows of 20.
        titles: The titles.
        path: The picture.
    """
    grids = [make_grid(batch, nrow=20, padding=1, pad_value=0.5) for batch in images]
    heights = [grid.shape[1] for grid in grids]
    figure = Figure(figsize=(9, 9 * sum(heights) / grids[0].shape[2] + 0.35 * len(grids)))
    figure.set_layout_engine("constrained")
    places = figure.subplots(len(grids), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, grid, title in zip(places, grids, titles, strict=True):
        axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_axis_off()
    figure.savefig(path, dpi=100)


def save_effectiveness(
    effectiveness: Tensor, judges: Tensor, names: Sequence[str], path: Path
) -> None:
    """Heat map do(i) × judge(k) in per cent, with the judges' own accuracy on real images below."""
    rows = [*(f"do({name})" for name in names), "real images"]
    values = torch.cat([effectiveness, judges[None]])
    figure = Figure(figsize=(2 + 1.2 * len(names), 1.5 + 0.8 * len(rows)), layout="constrained")
    columns = [f"judge({name})" for name in names]
    _heat(figure.add_subplot(), values, rows, columns, "reads the intended value, %", ".1f", 100)
    figure.savefig(path, dpi=90)


def edit_stems(names: Sequence[str]) -> list[str]:
    """Names of the files for the edits of attributes, without ending.

    A ``-`` stands for what no file can be called, and long names are cut. Where two would then have
    one file, also on systems that do not tell capitals, all begin with the column.
    """
    stems = [re.sub(r"[/\\\0]", "-", name)[:50] for name in names]
    if len({stem.casefold() for stem in stems}) < len(stems):
        stems = [f"{column}-{stem}" for column, stem in enumerate(stems)]
    return [f"do-{stem}" for stem in stems]


def save_edits(cells: Tensor, attribute: Attribute, path: Path) -> None:
    """Grid of edits of one attribute.

    Args:
        cells: (rows, 1 + values, 3, H, W) in [0, 1]; in each row an image and its edits.
        attribute: The attribute, whose values head the columns.
        path: The picture.
    """
    rows, columns, _, _, width = cells.shape
    grid = make_grid(cells.flatten(0, 1), nrow=columns, padding=1, pad_value=0.5)
    figure = Figure(figsize=(0.6 * columns + 0.2, 0.6 * rows + 0.7))
    axes = figure.add_subplot()
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
    centers = [1 + (width - 1) / 2 + k * (width + 1) for k in range(columns)]
    turn = 45 if max(map(len, attribute.values)) > 3 else 0
    names = ["image", *attribute.values]
    axes.set_xticks(centers, names, rotation=turn, ha="left" if turn else "center")
    for text in axes.get_xticklabels():
        text.set_parse_math(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"do({attribute.name})")
    figure.savefig(path, dpi=100, bbox_inches="tight")  # headings are as long as the names


def save_strips(
    strips: Sequence[Tensor], captions: Sequence[Sequence[str]], titles: Sequence[str], path: Path
) -> None:
    """Blocks of columns of images, a caption above each column.

    Args:
        strips: For each title (N, S, 3, H, W) in [0, 1]; S images stand below each other.
        captions: For each title N captions.
        titles: The titles.
        path: The picture.
    """
    most = max(map(len, strips))
    tall = strips[0].shape[1]
    figure = Figure(figsize=(1.1 * most, (1.1 * tall + 0.6) * len(strips)), layout="constrained")
    blocks = figure.subfigures(len(strips), 1, squeeze=False)[:, 0]
    for block, columns, words, title in zip(blocks, strips, captions, titles, strict=True):
        block.suptitle(title, fontsize=10).set_parse_math(False)
        places = block.subplots(1, most, squeeze=False)[0]
        for axes in places:
            axes.set_axis_off()
        for axes, column, caption in zip(places, columns, words, strict=False):
            grid = make_grid(column, nrow=1, padding=1, pad_value=0.5)
            axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
            axes.set_title(caption, fontsize=7).set_parse_math(False)
    figure.savefig(path, dpi=90)


def save_accuracies(accuracies: dict[str, list[float]], path: Path) -> None:
    """Bars of the accuracy of each method on unconfounded data, a dot for each seed."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for row, values in enumerate(accuracies.values()):
        mean = sum(values) / len(values)
        axes.barh(row, mean, color="#4a90c2")
        axes.plot(values, [row] * len(values), "k.", markersize=4)
        axes.text(max(values) + 1.5, row, f"{mean:.1f}", va="center")
    axes.set_yticks(range(len(accuracies)), list(accuracies))
    axes.invert_yaxis()
    axes.set_xlim(0, 110)
    axes.set_xlabel("accuracy on unconfounded test images, %")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
